/**
 * What makes a secret one that others may guess, in words that follow its setting's name and repeat nothing of it;
 * undefined where nothing does. Looks for what people set instead of a random text: samples from instructions,
 * sequences, one piece over and over.
 */
export function findWeakness(secret: string): string | undefined {
  const text = secret.toLowerCase();
  if (new Set(text).size < leastDistinct) return "has too few different characters";
  if (isRepeated(text)) return "is the same piece over and over";
  const rest = [...sequences, ...sampleWords].reduce((left, word) => left.replaceAll(word, " "), text);
  const own = rest.replaceAll(/[^\p{L}\p{N}]/gu, "");
  if (own.length < leastOwn || new Set(own).size < leastDistinct) {
    return "is made of words and sequences that stand in examples";
  }
  return undefined;
}

const leastDistinct = 6;
/** Characters that must be left when samples are taken away. */
const leastOwn = 10;

/** Longer ones first, since shorter ones are parts of them. */
const sampleWords = [
  ..."0123456789 abcdefghijklmnopqrstuvwxyz".split(" "),
  ...`change change-me changeme replace replaceme insert enter secret secrets supersecret password passwort passwd
    default example sample test testing demo dummy placeholder insecure unsafe dev development prod production local
    localhost admin root user platform zcbot jwt token tokens hs256 key keys apikey signing sign private public random
    string value text secure strong long enough characters chars bytes bits bit minimum least must this that with your
    mine here please before deploy deploying some thing something keyboard letmein welcome hello world foobar foo bar
    baz qux todo fixme none null undefined xxx abc`.split(/\s+/),
].sort((a, b) => b.length - a.length);

/** Runs of neighbours, as on a keyboard or in the alphabet, four characters and longer. */
const sequences = [
  "0123456789012345",
  "9876543210987654",
  "abcdefghijklmnopqrstuvwxyz",
  "zyxwvutsrqponmlkjihgfedcba",
  "qwertyuiop",
  "asdfghjkl",
  "zxcvbnm",
].flatMap(runsOf);

function runsOf(line: string): string[] {
  const runs: string[] = [];
  for (let length = line.length; length >= 4; length -= 1) {
    for (let start = 0; start + length <= line.length; start += 1)
      runs.push(line.slice(start, start + length));
  }
  return runs;
}

function isRepeated(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return true;
  }
  return false;
}
