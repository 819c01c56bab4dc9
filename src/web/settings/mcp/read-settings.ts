/** The words of a command line; quotes keep words together. */
export function splitCommand(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
}

/** Names and values, one pair a line, parted by the first `sign`. Lines without it are left out. */
export function readPairs(text: string, sign: ":" | "="): Record<string, string> {
  const pairs = text.split("\n").flatMap((line) => {
    const at = line.indexOf(sign);
    const name = line.slice(0, at).trim();
    return at > 0 && name ? [[name, line.slice(at + 1).trim()] as const] : [];
  });
  return Object.fromEntries(pairs);
}
