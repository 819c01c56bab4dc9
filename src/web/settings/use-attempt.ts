import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { notices } from "../components/toaster.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";

/** One thing at a time that a person does to a list. */
export interface Attempt {
  busy: boolean;
  /** Does it, says what went wrong, and reads the list again. Gives whether it worked. */
  attempt: (work: () => Promise<unknown>, done?: string) => Promise<boolean>;
}

/** For the list that is kept under `key`. */
export function useAttempt(key: QueryKey): Attempt {
  const language = useLanguage();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<unknown>, done = "") => {
    setBusy(true);
    try {
      await work();
      if (done) notices.add({ title: done });
      return true;
    } catch (error) {
      notices.add({ type: "error", title: explainProblem(error, language) });
      return false;
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey: key });
    }
  };
  return { busy, attempt };
}
