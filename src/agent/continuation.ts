import type { ModelReply, ModelRequest } from "./model/model.ts";

/** How often in a row an answer is gone on with that the output limit cut off. */
export const maxContinuations = 3;

const goOn =
  "Your answer was cut off by the output limit. Go on exactly where it stopped: repeat nothing, and add no introduction.";

/** Whether the answer ends in the middle of what it says, so that the next step can say the rest. */
export function isCutOff({ finishReason, toolCalls }: ModelReply): boolean {
  return finishReason === "length" && toolCalls.length === 0;
}

/**
 * The request with a word behind each answer that was cut off and gone on with. It is made up here from what is stored
 * of the answer, so it is the same in every request; the transcript has no message that nobody wrote.
 */
export function withContinuations(request: ModelRequest): ModelRequest {
  const { messages } = request;
  const isFollowed = (index: number) => messages[index + 1]?.payload.role === "user";
  if (!messages.some(({ notes }, index) => notes?.cut && !isFollowed(index))) return request;
  return {
    ...request,
    messages: messages.flatMap((message, index) =>
      message.notes?.cut && !isFollowed(index)
        ? [message, { payload: { role: "user", content: goOn } }]
        : [message],
    ),
  };
}
