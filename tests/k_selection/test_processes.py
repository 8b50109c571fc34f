"""Tasks on several processes: results in order, progress to the end, and an error of a task is not lost."""

import os
import threading

import numpy as np
import pytest
from joblib import delayed
from threadpoolctl import threadpool_info, threadpool_limits

from seglib.k_selection.validation.processes import run_tasks, start_processes


def place_and_process(place):
    return place, os.getpid(), [pool["num_threads"] for pool in threadpool_info()]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks_with_this_process_at_work(n_jobs):
    start_processes(n_jobs)
    finished = []
    results = run_tasks([delayed(place_and_process)(place) for place in range(40)], n_jobs, finished=finished.append)
    places, processes, threads = zip(*results, strict=True)
    assert places == tuple(range(40))
    assert os.getpid() in processes
    assert (set(processes) == {os.getpid()}) == (n_jobs == 1)
    assert all(n == 1 for of_task in threads for n in of_task)
    assert finished == sorted(finished)
    assert finished[-1] == 40


@pytest.mark.parametrize(("n_jobs", "threads"), [(1, {2}), (2, {1})])
def test_beside_other_processes_this_one_computes_in_one_thread(n_jobs, threads):
    with threadpool_limits(limits=2):  # puts everything back afterwards
        start_processes(n_jobs)
        assert {pool["num_threads"] for pool in threadpool_info()} == threads


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("place", [0, 5])
def test_an_error_of_a_task_is_raised(n_jobs, place):
    tasks = [delayed(np.sqrt)(4.0) for _ in range(6)]
    tasks[place] = delayed(int)("no number")
    with pytest.raises(ValueError, match="no number"):
        run_tasks(tasks, n_jobs)
    assert run_tasks([delayed(np.sqrt)(4.0)] * 3, n_jobs) == [2.0] * 3


def test_where_a_process_dies_there_is_an_error_and_no_waiting():
    raised = []

    def run():
        try:
            run_tasks([delayed(_die_unless)(os.getpid()) for _ in range(8)], 2)
        except Exception as error:
            raised.append(type(error).__name__)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout=60)
    assert raised == ["TerminatedWorkerError"]


def _die_unless(process):
    if os.getpid() != process:
        os._exit(1)


def test_no_task_at_all():
    assert run_tasks([], 2) == []
