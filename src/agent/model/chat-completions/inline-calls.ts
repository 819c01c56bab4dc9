import { isRecord } from "../fault-body.ts";
import type { ToolDefinition } from "../model.ts";

/** A call that a model wrote into its text. */
export interface InlineCall {
  name: string;
  /** JSON */
  arguments: string;
}

/** How a family of models writes calls where its server does not take them out of the text. */
export interface CallForm {
  opening: string;
  closing: string;
  /** The calls between the two; null where that is none, or of a tool there is not. */
  read(block: string, tools: ReadonlyMap<string, ToolDefinition>): InlineCall[] | null;
}

export const callForms: readonly CallForm[] = [
  // Qwen and many others that learned from Hermes; Qwen's coder; GLM.
  {
    opening: "<tool_call>",
    closing: "</tool_call>",
    read: (block, tools) => readJson(block, tools) ?? readElements(block, tools),
  },
  // Kimi: <|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{...}<|tool_call_end|>
  {
    opening: "<|tool_calls_section_begin|>",
    closing: "<|tool_calls_section_end|>",
    read(block, tools) {
      const calls = block.split("<|tool_call_begin|>").flatMap((part): InlineCall[] => {
        const [head = "", tail = ""] = part.split("<|tool_call_argument_begin|>");
        const name = head
          .trim()
          .replace(/^functions\./, "")
          .replace(/:\d+$/, "");
        return tools.has(name)
          ? [{ name, arguments: tail.replace(/<\|tool_call_end\|>[\s\S]*$/, "").trim() }]
          : [];
      });
      return calls.length > 0 ? calls : null;
    },
  },
];

/** `{"name": "read", "arguments": {...}}` */
function readJson(block: string, tools: ReadonlyMap<string, ToolDefinition>): InlineCall[] | null {
  let value: unknown;
  try {
    value = JSON.parse(block);
  } catch {
    return null;
  }
  if (!isRecord(value) || typeof value.name !== "string" || !tools.has(value.name)) return null;
  const given = value.arguments ?? value.parameters ?? {};
  return [{ name: value.name, arguments: typeof given === "string" ? given : JSON.stringify(given) }];
}

/** `<function=read><parameter=path>甲</parameter></function>`, or `read<arg_key>path</arg_key><arg_value>甲</arg_value>` */
function readElements(block: string, tools: ReadonlyMap<string, ToolDefinition>): InlineCall[] | null {
  const name = (/^\s*<function=([^>\s]+)>/.exec(block) ?? /^\s*([\w.-]+)/.exec(block))?.[1] ?? "";
  const tool = tools.get(name);
  if (!tool) return null;
  const pairs = [
    ...between(block, "<parameter=", ">", "</parameter>"),
    ...between(block, "<arg_key>", "</arg_key>", "</arg_value>").map(
      ([key, text]) => [key, text.replace(/^\s*<arg_value>/, "")] as const,
    ),
  ];
  const given = pairs.map(([key, text]) => [key.trim(), readValue(text, tool, key.trim())]);
  return [{ name, arguments: JSON.stringify(Object.fromEntries(given)) }];
}

/** Keys and texts of what stands between such marks; in time linear in the text. */
function between(
  block: string,
  opening: string,
  middle: string,
  closing: string,
): (readonly [string, string])[] {
  return block
    .split(opening)
    .slice(1)
    .map((part) => {
      const at = part.indexOf(middle);
      const key = part.slice(0, Math.max(0, at));
      const [text = ""] = part.slice(at + middle.length).split(closing, 1);
      return [key, text];
    });
}

/** Such values are plain text: what the tool wants to be a text stays one. */
function readValue(text: string, { parameters }: ToolDefinition, key: string): unknown {
  const properties = isRecord(parameters.properties) ? parameters.properties : {};
  const schema = properties[key];
  const plain = text.replace(/^\n|\n$/g, "");
  if (isRecord(schema) && schema.type === "string") return plain;
  try {
    return JSON.parse(plain);
  } catch {
    return plain;
  }
}
