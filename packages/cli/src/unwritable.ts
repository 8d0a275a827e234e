/**
 * Decides what happens where a result cannot be written. If its reader has gone, as in `pyisolate … | head -1`, the command goes on to
 * its end, because its exit code says what it found. With any other error, such as a full disk, the result is lost: one line says so,
 * and the process ends with 1.
 */
export function tellOfUnwritable(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): void {
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    stderr.write(`standard output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
  // Nothing is left to tell it to. Without a listener the error would end the process with another code.
  stderr.on("error", () => {});
}
