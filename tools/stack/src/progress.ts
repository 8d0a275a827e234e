/** Says what is going on and for how long. */
export interface Progress {
  /** A line of its own. */
  note(text: string): void;
  /** Runs a long step, showing its name and the time it has taken. */
  step<T>(name: string, run: () => Promise<T>): Promise<T>;
}

/** Milliseconds between two signs of life: on a terminal, where the line is rewritten, and in a log, where it stays. */
const TERMINAL_MS = 1000;
const LOG_MS = 30_000;

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Progress on a stream, standard error by default. */
export function createProgress(stream: ProgressStream = process.stderr): Progress {
  const terminal = stream.isTTY === true;
  return {
    note: (text) => stream.write(`${text}\n`),
    async step(name, run) {
      const start = performance.now();
      const elapsed = () => duration(performance.now() - start);
      const show = (text: string) => stream.write(terminal ? `\r\u001B[K${text}` : `${text}\n`);
      show(`${name} ...`);
      const timer = setInterval(
        () => show(`${name} ... ${elapsed()}`),
        terminal ? TERMINAL_MS : LOG_MS,
      );
      try {
        const result = await run();
        show(`${name}: done in ${elapsed()}`);
        return result;
      } catch (error) {
        show(`${name}: failed after ${elapsed()}`);
        throw error;
      } finally {
        clearInterval(timer);
        if (terminal) stream.write("\n");
      }
    },
  };
}

/** No output. */
export const SILENT: Progress = { note: () => {}, step: (_name, run) => run() };

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
