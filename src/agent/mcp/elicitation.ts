/** What a server wants a person to fill in. */
export interface Form {
  message: string;
  requestedSchema?: { properties?: Record<string, object>; required?: readonly string[] } | undefined;
}

/** What was made of a form, in a line for the model. */
export interface FormAnswer {
  action: "accept" | "decline";
  note: string;
}

/** Of the question, characters. */
const maxQuestion = 500;

/**
 * A call cannot wait for a person, as it does not outlive its server process. So a form is answered with the defaults that
 * the server itself gives, where it wants no more than those, and declined where it does; the model reads which.
 */
export function answerForm({ message, requestedSchema }: Form): FormAnswer {
  const question = message.length <= maxQuestion ? message : `${message.slice(0, maxQuestion)}...`;
  const { properties = {}, required = [] } = requestedSchema ?? {};
  const wanted = required.filter((name) => !Object.hasOwn(properties[name] ?? {}, "default"));
  if (wanted.length === 0) {
    return { action: "accept", note: `[The server asked: ${question} It was given its own defaults.]` };
  }
  const fields = wanted.join(", ").slice(0, maxQuestion);
  return {
    action: "decline",
    note: `[The server asked for ${fields}: ${question} That was declined. If the person should answer, ask them, and pass it with another call.]`,
  };
}
