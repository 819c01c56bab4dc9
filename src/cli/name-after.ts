const longestName = 40;

/** The first line of a message as a name that tasks and directories may have. */
export function nameAfter(message: string): string {
  const [line = ""] = message.trim().split(/[\r\n]/, 1);
  const words = line
    .toWellFormed()
    .replaceAll(/[\p{Cc}/\\]+/gu, " ")
    .replaceAll(/\.{2,}/g, " ")
    .replaceAll(/\s+/g, " ")
    .replace(/^[\s.]+/, "");
  return [...words].slice(0, longestName).join("").trim() || "task";
}
