// Python in a worker: CPython as WebAssembly (WASI), a file system in memory, and course_kernel.py,
// which runs the cells.
import { ConsoleStdout, Directory, File, PreopenDirectory, WASI } from "./wasi/index.js";

const NOT_SUPPORTED = 58; // the WASI error of a call that there is no use for in a browser
const AGE = BigInt(Date.now()) * 1_000_000n; // of every file, in nanoseconds: some programs refuse files of 1970
const TIMES = [40, 48, 56]; // where the three times stand in what WASI says of a file (filestat)

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const ARCHIVE = "python315.zip"; // the library of Python, by the name that this version looks for
const LIBRARY = `/usr/local/lib/${ARCHIVE}`;
const DRAWING = `${LIBRARY}/matplotlib/mpl-data`; // where matplotlib looks for its fonts and styles, as files

// What every lesson imports, loaded while the reader still reads.
const EARLY = "import matplotlib.pyplot, pandas, seaborn, sklearn.cluster, sklearn.metrics, sklearn.preprocessing";

// What Python does before the first cell: unpack the course, and what matplotlib needs as files.
const FIRST = `
import os, sys, zipfile
zipfile.ZipFile("/course.zip").extractall("/")
zipfile.ZipFile(zipfile.ZipFile("${LIBRARY}").open("matplotlib/mpl-data.zip")).extractall("${DRAWING}")
sys.path[:0] = ["/course/kernel", "/course"]
os.chdir("/course/notebooks/lessons")
del os, sys, zipfile
`;

let number = 0; // of the request that Python is working on
let unfinished = "";

// A folder that says that all is allowed: Python asks before it writes.
class Root extends PreopenDirectory {
  fd_fdstat_get() {
    const answer = super.fd_fdstat_get();
    answer.fdstat.fs_rights_base = answer.fdstat.fs_rights_inherited = 2n ** 64n - 1n;
    return answer;
  }
}

function folder(entries) {
  return new Directory(new Map(Object.entries(entries)));
}

// Python writes one JSON object a line.
function receive(bytes) {
  const lines = (unfinished + decoder.decode(bytes, { stream: true })).split("\n");
  unfinished = lines.pop();
  for (const line of lines) {
    try {
      postMessage({ number, message: JSON.parse(line) });
    } catch {
      postMessage({ number, message: { type: "stream", name: "stdout", text: `${line}\n` } });
    }
  }
}

function complain(bytes) {
  const text = new TextDecoder().decode(bytes);
  if (text) postMessage({ number, message: { type: "stream", name: "stderr", text } });
}

async function compile(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is missing from the site`);
  if ((response.headers.get("Content-Type") || "").startsWith("application/wasm")) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

async function file(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is missing from the site`);
  return new File(await response.arrayBuffer());
}

async function start() {
  const address = (name) => new URL(name, import.meta.url).href;
  const [python, library, course] = await Promise.all([
    compile(address("python.wasm")),
    file(address("python-stdlib.zip")),
    file(address("course.zip")),
  ]);
  const root = new Root(
    "/",
    new Map(
      Object.entries({
        usr: folder({ local: folder({ lib: folder({ [ARCHIVE]: library }) }) }),
        tmp: folder({}),
        home: folder({}),
        "course.zip": course,
      }),
    ),
  );
  const environment = ["HOME=/home", "TMPDIR=/tmp", "PYTHONTZPATH=", "MPLBACKEND=module://course_backend"];
  const streams = [new ConsoleStdout(() => {}), new ConsoleStdout(receive), new ConsoleStdout(complain)];
  const folders = [root, new Root(DRAWING, new Map())];
  const wasi = new WASI(["/usr/local/bin/python.wasm"], environment, [...streams, ...folders], { debug: false });
  const refuse = () => NOT_SUPPORTED;
  const timed = (call, position) => (...values) => {
    const code = call(...values);
    const memory = new DataView(wasi.inst.exports.memory.buffer);
    if (code === 0) TIMES.forEach((offset) => memory.setBigUint64(values[position] + offset, AGE, true));
    return code;
  };
  const calls = wasi.wasiImport;
  const instance = await WebAssembly.instantiate(python, {
    wasi_snapshot_preview1: {
      ...calls,
      sched_yield: () => 0,
      fd_filestat_get: timed(calls.fd_filestat_get, 1),
      path_filestat_get: timed(calls.path_filestat_get, 4),
      fd_filestat_set_times: () => 0, // done, as far as a program can see
      path_filestat_set_times: () => 0,
      sock_accept: refuse,
      sock_recv: refuse,
      sock_send: refuse,
      sock_shutdown: refuse,
    },
    host: { call: () => -1 },
  });
  wasi.inst = instance;
  run(instance, FIRST);
  run(instance, `__import__("course_kernel").load("${EARLY}")`);
  return instance;
}

// `turn` runs source text in an interpreter that remembers what came before.
function run(instance, code) {
  const bytes = encoder.encode(code);
  const place = instance.exports.host_alloc(bytes.length) >>> 0;
  new Uint8Array(instance.exports.memory.buffer).set(bytes, place);
  if (instance.exports.turn(place, bytes.length) !== 0) throw new Error(`Python could not run ${code.slice(0, 200)}`);
}

const started = start().catch((error) => {
  throw new Error(`Python could not start in this browser: ${error.message || error}`);
});
started.catch(() => {}); // every request says it

let stopped = "";

onmessage = async ({ data }) => {
  try {
    const instance = await started;
    number = data.number;
    if (stopped) throw new Error(stopped);
    try {
      run(instance, `__import__("course_kernel").handle(${JSON.stringify(JSON.stringify(data.request))})`);
    } catch (error) {
      stopped = `Python stopped: ${error.message || error}. Choose Kernel, Restart Kernel.`;
      throw new Error(stopped);
    }
  } catch (error) {
    postMessage({ number: data.number, failure: error.message });
  }
};
