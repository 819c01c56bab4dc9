const maxLinesShown = 40;
const maxLineLength = 400;
const minSimilarity = 0.3;
/** How much of a file and of a passage is compared, characters: it keeps the whole server waiting. */
const maxCompared = 512 * 1024;
/** How many lines of the passage that are all alike are looked for. */
const maxAlike = 8;

/**
 * Says which lines of the text come nearest to the passage that was not found, and how they differ,
 * so that the next try fits.
 */
export function findNearestPassage(text: string, passage: string): string {
  const lines = text.slice(0, maxCompared).split(/\r?\n/);
  const given = passage
    .slice(0, maxCompared)
    .replace(/^\n+|(?<!\n)\n+$/g, "")
    .split(/\r?\n/);
  const isNumbered = given.every((line) => /^\d+\t/.test(line));
  const wanted = isNumbered ? given.map((line) => line.replace(/^\d+\t/, "")) : given;
  const start = findByVotes(lines, wanted) ?? findByLongestLine(lines, wanted);
  if (start === null) return "No passage of the file is similar. Read the file again.";

  const first = Math.max(0, start);
  const found = lines.slice(first, Math.min(lines.length, start + wanted.length));
  const isWhitespace =
    start >= 0 && found.map(normalise).join("\n") === wanted.map(normalise).join("\n")
      ? " (it differs in whitespace or in the width of characters only)"
      : "";
  const difference = renderDifference(found, wanted.slice(first - start), first);
  const hint = isNumbered ? "Leave out the line numbers that read puts before each line. " : "";
  return `${hint}The nearest passage is on lines ${first + 1}-${first + found.length}${isWhitespace}; "-" is the file, "+" is old_text:\n${difference}`;
}

/** Each line that occurs in both votes for where the passage would start. */
function findByVotes(lines: string[], wanted: string[]): number | null {
  const places = new Map<string, number[]>();
  for (const [index, line] of wanted.entries()) {
    const key = normalise(line);
    if (key.length <= 1) continue;
    const alike = places.get(key);
    if (!alike) places.set(key, [index]);
    else if (alike.length < maxAlike) alike.push(index);
  }
  const votes = new Map<number, number>();
  let best: number | null = null;
  for (const [index, line] of lines.entries()) {
    for (const place of places.get(normalise(line)) ?? []) {
      const start = index - place;
      const count = (votes.get(start) ?? 0) + 1;
      votes.set(start, count);
      if (best === null || count > (votes.get(best) ?? 0)) best = start;
    }
  }
  return best;
}

function findByLongestLine(lines: string[], wanted: string[]): number | null {
  const normalised = wanted.map((line) => normalise(line).slice(0, maxLineLength));
  const longest = normalised.reduce((left, right) => (right.length > left.length ? right : left), "");
  const pairs = characterPairs(longest);
  let best: { start: number; similarity: number } | null = null;
  for (const [index, line] of lines.entries()) {
    const similarity = compare(pairs, characterPairs(normalise(line).slice(0, maxLineLength)));
    if (similarity > (best?.similarity ?? minSimilarity)) {
      best = { start: index - normalised.indexOf(longest), similarity };
    }
  }
  return best?.start ?? null;
}

/** Equal for lines that a person would read as the same: 全角 and half-width forms, runs of blanks. */
function normalise(line: string): string {
  return line.normalize("NFKC").replace(/\s+/g, " ").trim();
}

function characterPairs(line: string): Set<string> {
  const pairs = new Set<string>();
  for (let index = 0; index + 1 < line.length; index++) pairs.add(line.slice(index, index + 2));
  return pairs;
}

/** Dice's coefficient: 1 for the same pairs, 0 for none in common. */
function compare(left: Set<string>, right: Set<string>): number {
  if (left.size + right.size === 0) return 0;
  let common = 0;
  for (const pair of left) if (right.has(pair)) common++;
  return (2 * common) / (left.size + right.size);
}

function renderDifference(found: string[], wanted: string[], first: number): string {
  const rows: string[] = [];
  for (let index = 0; index < Math.max(found.length, wanted.length); index++) {
    const [has, given] = [found[index], wanted[index]];
    if (has === given) {
      rows.push(`  ${first + index + 1}\t${cut(has)}`);
      continue;
    }
    if (has !== undefined) rows.push(`- ${first + index + 1}\t${cut(has)}`);
    if (given !== undefined) rows.push(`+ ${first + index + 1}\t${cut(given)}`);
  }
  if (rows.length > maxLinesShown) rows.splice(maxLinesShown, Infinity, "[more lines left out]");
  return rows.join("\n");
}

function cut(line = ""): string {
  return line.length > maxLineLength ? `${line.slice(0, maxLineLength)} [line cut here]` : line;
}
