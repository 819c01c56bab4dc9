// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what terminals are driven with
const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/**
 * What a terminal would have left on the screen: no colours, a carriage return writes over its line
 * (progress bars), a backspace takes one character back.
 */
export function terminalText(output: string): string {
  const plain = output.replace(sequences, "").replaceAll("\r\n", "\n");
  if (!/[\r\b]/.test(plain)) return plain;
  return plain.split("\n").map(settleLine).join("\n");
}

function settleLine(line: string): string {
  let shown: string[] = [];
  let column = 0;
  for (const character of line) {
    if (character === "\r") column = 0;
    else if (character === "\b") column = Math.max(0, column - 1);
    else {
      shown[column] = character;
      column += 1;
    }
  }
  shown = Array.from(shown, (character) => character ?? " ");
  return shown.join("");
}
