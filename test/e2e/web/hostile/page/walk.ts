// Runs in the page: `walk()` scrolls through the conversation, opens whatever can be opened, and tells what it met.
(() => {
  const frames = async (count: number) => {
    for (let each = 0; each < count; each++) await new Promise((resolve) => requestAnimationFrame(resolve));
  };

  const walk = async () => {
    const frame = document.querySelector('section[tabindex="0"]');
    if (!frame) throw new Error("there is no conversation");
    const kinds = new Map<string, string>();
    const thoughts = new Set<string>();
    const meet = () => {
      for (const button of frame.querySelectorAll<HTMLElement>('button[aria-expanded="false"]'))
        button.click();
      for (const row of frame.querySelectorAll<HTMLElement>("[data-index]")) {
        kinds.set(row.dataset.index ?? "", row.dataset.kind ?? "");
        if (row.dataset.kind === "reasoning") thoughts.add(row.querySelector("p")?.textContent ?? "");
      }
    };
    const missing = () => {
      const highest = Math.max(...[...kinds.keys()].map(Number));
      for (let index = 0; index < highest; index++) if (!kinds.has(`${index}`)) return true;
      return false;
    };
    // Rows are measured as they come, so what was passed over may be found only the second time.
    for (let round = 0; round < 3; round++) {
      // Whoever turns the wheel back is no longer taken along to the end.
      frame.dispatchEvent(new WheelEvent("wheel", { deltaY: -1 }));
      frame.scrollTop = 0;
      for (let atEnd = 0; atEnd < 2; ) {
        await frames(2);
        meet();
        await frames(1);
        atEnd = frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 2 ? atEnd + 1 : 0;
        frame.scrollTop += frame.clientHeight * 0.7;
      }
      if (!missing()) break;
    }
    const count = (kind: string) => [...kinds.values()].filter((each) => each === kind).length;
    return { complete: !missing(), answers: count("text"), tools: count("tool"), thoughts: [...thoughts] };
  };
  Reflect.set(window, "walk", walk);

  // Puts texts into the page as markup, as no page should; tells of how many something was noticed.
  Reflect.set(window, "plant", async (texts: string[]) => {
    let noticed = 0;
    for (const text of texts) {
      const before = Reflect.get(window, "findings");
      document.body.innerHTML = text;
      await frames(1);
      if (Reflect.get(window, "findings") > before) noticed += 1;
    }
    return noticed;
  });

  // Shows many addresses of the app in one page, one after the other.
  Reflect.set(window, "visit", async (addresses: string[]) => {
    for (const address of addresses) {
      history.pushState({}, "", address);
      dispatchEvent(new PopStateEvent("popstate", { state: {} }));
      await frames(1);
    }
  });
})();
