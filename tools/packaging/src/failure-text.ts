/** An error's message and, of a command that failed, what it wrote: each text once, though Node repeats stderr in the message. */
export function failureText(error: unknown): string {
  const {
    stdout = "",
    stderr = "",
    message,
  } = error as {
    readonly stdout?: string;
    readonly stderr?: string;
    readonly message: string;
  };
  const written = [stdout, stderr].filter((text) => !message.includes(text.trim()));
  return [message, ...written].join("\n");
}
