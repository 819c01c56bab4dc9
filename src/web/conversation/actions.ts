import { createContext, useContext, useEffect, useMemo, useRef } from "react";
import type { AnswerCreate } from "../../protocol/request.ts";

/** What can be done from within a conversation. */
export interface ConversationActions {
  /** Answers what the run waits for. Rejects as the client does. */
  answer: (answer: AnswerCreate) => Promise<void>;
  /** Runs the last message again. */
  retry: () => void;
  /** Asks the assistant to go on where it stopped. */
  goOn: () => void;
  /** Starts a new task with the conversation up to the turn of this index, or before it where it is a message. */
  fork: (turn: number) => void;
}

const nothing = () => {};

export const ConversationActionsContext = createContext<ConversationActions>({
  answer: async () => {},
  retry: nothing,
  goOn: nothing,
  fork: nothing,
});

/** The actions of the conversation around. */
export function useConversationActions(): ConversationActions {
  return useContext(ConversationActionsContext);
}

/** These actions as one object that never changes, so that no row is drawn again for them. */
export function useLatestActions(actions: ConversationActions): ConversationActions {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  return useMemo(
    () => ({
      answer: (answer) => latest.current.answer(answer),
      retry: () => latest.current.retry(),
      goOn: () => latest.current.goOn(),
      fork: (turn) => latest.current.fork(turn),
    }),
    [],
  );
}
