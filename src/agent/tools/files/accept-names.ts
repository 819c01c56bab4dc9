/** The arguments with other common names of a parameter replaced by its own, where that is not given. */
export function acceptNames(
  input: Record<string, unknown>,
  names: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const entries = Object.entries(input).map(([key, value]): [string, unknown] => {
    const own = Object.hasOwn(names, key) ? names[key] : undefined;
    return [own !== undefined && !Object.hasOwn(input, own) ? own : key, value];
  });
  return Object.fromEntries(entries);
}
