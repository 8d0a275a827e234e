/**
 * Waits for `work`, but no longer than `timeout` milliseconds.
 *
 * @param keepAlive whether the wait keeps the process alive. A caller who awaits the result wants that: Node would exit
 * under an await that nothing else holds.
 * @returns whether it ended in time; rejects where it does.
 */
export async function within(
  work: Promise<unknown>,
  timeout: number,
  { keepAlive }: { readonly keepAlive: boolean },
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeout, false);
    if (!keepAlive) timer.unref();
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
