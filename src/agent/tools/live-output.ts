/** Between two reports, milliseconds: some 20 a second is what a reader can follow and a log can bear. */
const gap = 50;
/** Of one call, characters; the result has the end of what was longer. */
const maxLength = 128 * 1024;

/**
 * Gathers a command's output into few reports: the first piece at once, then one every 50 ms at most.
 * `end` reports what is left; nothing is reported after it.
 */
export function createLiveOutput(report: (text: string) => void): {
  add(text: string): void;
  end(): void;
} {
  let waiting = "";
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (waiting === "") return;
    report(waiting);
    waiting = "";
    timer = setTimeout(flush, gap);
  };
  return {
    add(text) {
      if (length >= maxLength) return;
      length += text.length;
      waiting += length < maxLength ? text : `${text.slice(0, maxLength)}\n[live output stops here]\n`;
      if (!timer) flush();
    },
    end() {
      clearTimeout(timer);
      if (waiting !== "") report(waiting);
      waiting = "";
      length = maxLength;
    },
  };
}
