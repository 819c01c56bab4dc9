import type { ChatToolCall } from "../../../protocol/message.ts";
import { isRecord } from "../fault-body.ts";
import type { ConversationMessage, Image } from "../model.ts";
import type { KeptReasoning } from "./answer-collector.ts";
import type { RequestStyle } from "./request-body.ts";

/**
 * The conversation as `/chat/completions` takes it. A tool's result holds no picture there: those of a turn follow its
 * last result, in a message of their own, so that a longer conversation still begins the same.
 */
export function toWireMessages(messages: readonly ConversationMessage[], style: RequestStyle): unknown[] {
  const wire: unknown[] = [];
  let shown: Part[] = [];
  const showPictures = () => {
    if (shown.length > 0) wire.push({ role: "user", content: shown });
    shown = [];
  };
  for (const message of messages) {
    const { payload } = message;
    const images = style.vision ? (message.images ?? []) : [];
    if (payload.role !== "tool") showPictures();
    if (payload.role === "assistant") wire.push(toAssistant(message, style));
    else if (payload.role === "user" && images.length > 0) {
      wire.push({ role: "user", content: [textPart(payload.content), ...images.map(imagePart)] });
    } else wire.push(payload);
    if (payload.role === "tool" && images.length > 0) {
      const names = images.map(({ name }) => name).join(", ");
      shown.push(
        textPart(`What tool call ${payload.tool_call_id} shows: ${names}`),
        ...images.map(imagePart),
      );
    }
  }
  showPictures();
  return wire;
}

type Part = { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

function textPart(text: string): Part {
  return { type: "text", text };
}

function imagePart({ mediaType, data }: Image): Part {
  return { type: "image_url", image_url: { url: `data:${mediaType};base64,${data}` } };
}

function toAssistant({ payload, providerData }: ConversationMessage, style: RequestStyle): unknown {
  if (payload.role !== "assistant") return payload;
  const kept = readKept(providerData?.[style.dataKey]);
  const send = style.sendReasoning !== "never";
  const reasoning = kept.reasoning_content ?? (style.sendReasoning === "every" ? " " : undefined);
  return {
    role: "assistant",
    content: payload.content,
    ...(send && reasoning !== undefined && { reasoning_content: reasoning }),
    ...(send && kept.reasoning_details && { reasoning_details: kept.reasoning_details }),
    ...(payload.tool_calls && {
      tool_calls: payload.tool_calls.map((call, position) => {
        const extra = kept.extra_content?.[position];
        return { ...withObjectArguments(call), ...(extra != null && { extra_content: extra }) };
      }),
    }),
  };
}

function readKept(value: unknown): KeptReasoning {
  return isRecord(value) ? value : {};
}

/**
 * A call whose arguments are no JSON object is refused by many providers, and with it every later request
 * of the conversation: its text is wrapped into one.
 */
function withObjectArguments(call: ChatToolCall): ChatToolCall {
  const text = call.function.arguments;
  const sent = parsesToObject(text) ? text : JSON.stringify(text.trim() === "" ? {} : { invalid_json: text });
  return { ...call, function: { name: call.function.name, arguments: sent } };
}

function parsesToObject(text: string): boolean {
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
}
