// The kernel as JupyterLite knows it: it hands cells to a worker, and what comes back to the notebook.
//
// JupyterLite loads this file as a federated module. It needs one package, which JupyterLite shares with its
// extensions; so no bundler has to make it.
(() => {
  const NAME = "seglib-course-kernel";
  const folder = new URL(".", document.currentScript.src);
  let packages;

  async function shared(name) {
    const [version] = Object.values(packages[name]);
    return (await version.get())();
  }

  async function load() {
    const { BaseKernel, IKernelSpecs } = await shared("@jupyterlite/services");

    class WorkerKernel extends BaseKernel {
      constructor(options) {
        super(options);
        this.waiting = new Map();
        this.number = 0;
        this.worker = new Worker(new URL("worker.js", folder), { type: "module" });
        this.worker.onmessage = ({ data }) => this.receive(data);
        this.worker.onerror = (event) => this.fail(event.message || "The worker of Python stopped.");
      }

      dispose() {
        this.worker.terminate();
        super.dispose();
      }

      ask(request) {
        this.number += 1;
        return new Promise((answer) => {
          this.waiting.set(this.number, { answer, parent: this.parentHeader });
          this.worker.postMessage({ number: this.number, request: { ...request, count: this.executionCount } });
        });
      }

      receive({ number, message, failure }) {
        if (failure !== undefined) {
          this.fail(failure);
          return;
        }
        const request = this.waiting.get(number);
        if (request === undefined) return;
        const { type, ...content } = message;
        if (type === "stream") this.stream(content, request.parent);
        else if (type === "display_data") this.displayData(content, request.parent);
        else if (type === "execute_result") this.publishExecuteResult(content, request.parent);
        else if (type === "error") this.publishExecuteError(content, request.parent);
        else if (type === "reply") {
          this.waiting.delete(number);
          request.answer(content);
        }
      }

      // Without Python no request gets an answer: every one that waits gets the reason.
      fail(text) {
        const content = { ename: "Failure", evalue: text, traceback: [text] };
        for (const { answer, parent } of this.waiting.values()) {
          this.publishExecuteError(content, parent);
          answer({ status: "error", ...content });
        }
        this.waiting.clear();
      }

      async kernelInfoRequest() {
        return {
          status: "ok",
          protocol_version: "5.3",
          implementation: NAME,
          implementation_version: "0.1.0",
          banner: "Python in the browser",
          help_links: [],
          language_info: {
            name: "python",
            version: "3.15",
            mimetype: "text/x-python",
            file_extension: ".py",
            codemirror_mode: { name: "python", version: 3 },
            pygments_lexer: "ipython3",
            nbconvert_exporter: "python",
          },
        };
      }

      async executeRequest({ code }) {
        const reply = await this.ask({ do: "execute", code });
        return { ...reply, execution_count: this.executionCount, user_expressions: {}, payload: [] };
      }

      async completeRequest({ code, cursor_pos }) {
        return this.ask({ do: "complete", code, cursor: cursor_pos });
      }

      async inspectRequest({ code, cursor_pos }) {
        return this.ask({ do: "inspect", code, cursor: cursor_pos });
      }

      async isCompleteRequest() {
        return { status: "unknown" };
      }

      async commInfoRequest() {
        return { status: "ok", comms: {} };
      }

      inputReply() {}
      async commOpen() {}
      async commMsg() {}
      async commClose() {}
    }

    return {
      id: `${NAME}:plugin`,
      autoStart: true,
      requires: [IKernelSpecs],
      activate: (app, specs) =>
        specs.register({
          spec: {
            name: "python3",
            display_name: "Python 3 (in the browser)",
            language: "python",
            argv: [],
            resources: {},
          },
          create: async (options) => new WorkerKernel(options),
        }),
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => {
      packages = scope;
    },
    get: async () => {
      const module = await load();
      return () => module;
    },
  };
})();
