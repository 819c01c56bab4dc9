import type { AgentSink } from "../agent.ts";
import type { ModelRequest } from "../model/model.ts";
import type { ComingCall, ContextKeeper } from "./context-keeper.ts";
import { beginContext, ContextRecord, systemOf } from "./context-record.ts";
import { type ContextInput, type ContextState, estimateRequest, promptTokens } from "./context-state.ts";
import { messageTokens } from "./count-tokens.ts";
import { cutContext } from "./cut-context.ts";
import { boundImages, loadImages } from "./load-images.ts";
import { noteChanges } from "./note-changes.ts";
import { budgetOf } from "./plan-cut.ts";
import { viewConversation, viewMessage } from "./view.ts";

/** Keeps what the model is shown within its window, in a way that leaves providers' caches of the beginning valid. */
export function createContext(input: ContextInput): ContextKeeper {
  const stored = ContextRecord.safeParse(input.record);
  const state: ContextState = {
    record: stored.success ? stored.data : beginContext(input.sections),
    isChanged: !stored.success,
    shown: [],
    seen: 0,
    images: new Map(),
    refused: undefined,
  };
  let begun = false;

  const advance = async (call: ComingCall): Promise<void> => {
    if (!begun) {
      begun = true;
      begin(input, state, call, stored.success);
    }
    await showNew(input, state, call);
  };
  const send = (call: ComingCall, sink: AgentSink): ModelRequest => {
    if (state.images.size > 0) boundImages(state.shown, state.images);
    if (state.isChanged) sink.context(state.record);
    state.isChanged = false;
    return { system: systemOf(state.record), tools: call.tools, messages: [...state.shown] };
  };
  return {
    async prepare(call, sink, signal) {
      await advance(call);
      const tokens = countTokens(input, state, call);
      const budget = budgetOf(call.model.facts, state.refused);
      if (tokens > budget.full)
        await cutContext({ input, state, call, tokens, budget, isRefused: false }, sink, signal);
      return send(call, sink);
    },
    async shrink(call, sink, signal) {
      await advance(call);
      const tokens = countTokens(input, state, call);
      state.refused = Math.min(tokens, state.refused ?? tokens);
      const budget = budgetOf(call.model.facts, state.refused);
      const isCut = await cutContext({ input, state, call, tokens, budget, isRefused: true }, sink, signal);
      return isCut ? send(call, sink) : null;
    },
  };
}

/** The first look of a run at its context: what has changed since the last one. */
function begin(
  input: ContextInput,
  state: ContextState,
  { model, conversation }: ComingCall,
  wasStored: boolean,
): void {
  const before = state.record;
  if (before.model !== model.id) {
    // Another model counts differently.
    const countedFrom = before.model === "" ? 0 : input.firstIdx + conversation.length;
    state.record = { ...before, model: model.id, countedFrom };
  }
  const newest = conversation.findLastIndex(({ payload }) => payload.role === "user");
  if (wasStored && !input.isResumed && newest >= 0) {
    state.record = noteChanges(state.record, input.sections, input.firstIdx + newest);
  }
  if (state.record !== before) state.isChanged = true;
}

/** What has just come is never old, and so is shown without its tool's name. */
const noNames: ReadonlyMap<string, string> = new Map();

/** Shows the messages that have come since. */
async function showNew(
  input: ContextInput,
  state: ContextState,
  { model, conversation }: ComingCall,
): Promise<void> {
  if (state.seen === conversation.length) return;
  const { record } = state;
  if (model.facts.vision) {
    const seen = Math.max(state.seen, record.prunedBefore - input.firstIdx);
    await loadImages(conversation.slice(seen), input.userRoot, state.images);
  }
  const setting = { directory: input.directoryName, images: state.images };
  if (state.seen === 0) {
    state.shown = viewConversation(record, conversation, input.firstIdx, setting);
  } else {
    for (let offset = state.seen; offset < conversation.length; offset++) {
      const message = conversation[offset];
      if (!message) continue;
      state.shown.push(viewMessage(record, message, input.firstIdx + offset, setting, noNames));
    }
  }
  state.seen = conversation.length;
}

/** A provider that counts less than half of the prompt, and a token for so many characters, has not counted the whole. */
const mostCharacters = 12;

/**
 * What the request takes: what the provider counted for the newest answer's, and by the estimate what has come since;
 * by the estimate alone where there is no such figure.
 */
function countTokens(
  input: ContextInput,
  { record, shown }: ContextState,
  { conversation, tools }: ComingCall,
): number {
  let since = 0;
  for (let offset = conversation.length - 1; offset >= 0; offset--) {
    const message = conversation[offset];
    const view = shown[shown.length - (conversation.length - offset)];
    if (!message || !view || input.firstIdx + offset < record.countedFrom) break;
    since += messageTokens(view);
    const counted = message.tokensIn ?? 0;
    if (counted === 0) continue;
    const before = shown.slice(0, shown.indexOf(view));
    const characters = before.reduce((sum, { payload }) => sum + (payload.content?.length ?? 0), 0);
    const leastTokens = promptTokens(record, tools) / 2 + characters / mostCharacters;
    if (counted < leastTokens) break;
    return counted + since;
  }
  return estimateRequest(record, tools, shown);
}
