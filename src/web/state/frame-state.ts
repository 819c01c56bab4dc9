import { useCallback, useEffect, useRef, useState } from "react";

type Change<Value> = Value | ((before: Value) => Value);

/**
 * A state that may change hundreds of times a second and is drawn once per frame. `latest` always holds
 * the newest value.
 */
export function useFrameState<Value>(initial: Value) {
  const [drawn, draw] = useState(initial);
  const latest = useRef(initial);
  const frame = useRef(0);
  const change = useCallback((next: Change<Value>) => {
    latest.current = typeof next === "function" ? (next as (before: Value) => Value)(latest.current) : next;
    // A hidden page has no frames, and nobody who looks; it draws when it is shown again.
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      draw(latest.current);
    });
  }, []);
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    },
    [],
  );
  return [drawn, change, latest] as const;
}
