import { createContext, useContext, useState } from "react";

/** What the person has opened or closed, by name: it outlives the scrolling away of a row. */
export const OpenStates = createContext(new Map<string, boolean>());

/** Whether the part called `name` is open: as the person left it, else as `initially` says at each moment. */
export function useOpen(name: string, initially: boolean): [boolean, (open: boolean) => void] {
  const states = useContext(OpenStates);
  const [, redraw] = useState(0);
  return [
    states.get(name) ?? initially,
    (open) => {
      states.set(name, open);
      redraw((count) => count + 1);
    },
  ];
}
