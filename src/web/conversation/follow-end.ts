import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Nearer to the end than this, in pixels, is at the end. */
const endZone = 32;

/** Whether the reader is far enough from the end to be offered the way back, and that way. */
export interface FollowEnd {
  away: boolean;
  toEnd: () => void;
}

/**
 * Keeps a scrolling element at its end while its content grows, until the reader turns back: a wheel, a finger,
 * a key or the scroll bar going up lets go at once, and only coming back to the end takes hold again. `size`
 * is anything that changes with the content's height.
 */
export function useFollowEnd(frame: RefObject<HTMLElement | null>, size: number): FollowEnd {
  const held = useRef(true);
  const [away, setAway] = useState(false);

  useLayoutEffect(() => {
    const element = frame.current;
    if (element && held.current && size > 0) element.scrollTop = element.scrollHeight;
  }, [frame, size]);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let before = { top: element.scrollTop, height: element.scrollHeight };
    let finger = 0;
    const letGo = () => {
      held.current = false;
    };
    const listeners = {
      scroll: () => {
        const { scrollTop: top, scrollHeight: height } = element;
        const distance = height - top - element.clientHeight;
        if (top >= before.top && distance <= endZone) held.current = true;
        // What moves back without growing is a reader too: the scroll bar, or a search in the page.
        if (height === before.height && top < before.top - endZone) letGo();
        before = { top, height };
        setAway(!held.current && distance > 4 * endZone);
      },
      wheel: (event: WheelEvent) => event.deltaY < 0 && letGo(),
      touchstart: (event: TouchEvent) => {
        finger = event.touches[0]?.clientY ?? 0;
      },
      touchmove: (event: TouchEvent) => (event.touches[0]?.clientY ?? 0) > finger && letGo(),
      keydown: (event: KeyboardEvent) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && letGo(),
      pointerdown: (event: PointerEvent) => isOnScrollBar(element, event) && letGo(),
    };
    const removal = new AbortController();
    for (const [type, listener] of Object.entries(listeners)) {
      element.addEventListener(type, listener as EventListener, { passive: true, signal: removal.signal });
    }
    return () => removal.abort();
  }, [frame]);

  const toEnd = useCallback(() => {
    held.current = true;
    setAway(false);
    if (frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  }, [frame]);
  return { away, toEnd };
}

function isOnScrollBar(element: HTMLElement, event: PointerEvent): boolean {
  return event.target === element && event.offsetX >= element.clientWidth;
}
