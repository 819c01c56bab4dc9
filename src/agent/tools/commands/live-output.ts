/** Between two reports of live output, milliseconds: some 20 a second is what a reader can follow and a log can bear. */
const reportGap = 50;
/** Of one call's live output, characters; the result has the end of what was longer. */
const maxLiveLength = 128 * 1024;

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
    timer = setTimeout(flush, reportGap);
  };
  return {
    add(text) {
      if (length >= maxLiveLength) return;
      length += text.length;
      waiting +=
        length < maxLiveLength ? text : `${text.slice(0, maxLiveLength)}\n[live output stops here]\n`;
      if (!timer) flush();
    },
    end() {
      clearTimeout(timer);
      if (waiting !== "") report(waiting);
      waiting = "";
      length = maxLiveLength;
    },
  };
}
