/** A target pattern as a regular expression, which reads it in a way of its own. */
export function compileTarget(pattern: string): (target: string) => boolean {
  const source = pattern
    .split(/(\*+)/)
    .map((part) => {
      if (part === "**") return "[^]*";
      return part === "*" ? "[^./:]*" : part.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
    })
    .join("");
  const expression = new RegExp(`^${source}$`);
  return (target) => expression.test(target);
}
