import { z } from "zod";
import { ApiError } from "../../protocol/error.ts";
import type { CallSubject, Question, Tool, ToolContext, ToolEffect, ToolOutcome, Workplace } from "./tool.ts";

export interface ToolDeclaration<Parameters extends z.ZodObject> {
  name: string;
  description: string;
  effect: ToolEffect;
  /** The effect of one call, where calls differ. */
  effectOf?(input: z.output<Parameters>): ToolEffect;
  parameters: Parameters;
  /** The arguments in the form that `parameters` describes, where a model has written them in another common one. */
  accept?(input: Record<string, unknown>): Record<string, unknown>;
  /** What a person has to answer first. */
  question?(input: z.output<Parameters>): Question;
  /** What the call is about, for approval rules. */
  subject?(input: z.output<Parameters>): CallSubject;
  /** How the call leaves the sandbox, in words; undefined where it does not. */
  leaves?(input: z.output<Parameters>): string | undefined;
  /** What the model reads: a plain text is a success. `ApiError`s thrown become failures. */
  execute(input: z.output<Parameters>, context: ToolContext): Promise<string | ToolOutcome>;
}

/** Makes a tool of its declaration; the JSON Schema that models see is made from `parameters`. */
export function defineTool<Parameters extends z.ZodObject>(declaration: ToolDeclaration<Parameters>): Tool {
  const { name, description, effect, effectOf, accept, question, subject, leaves } = declaration;
  const parameters = accept ? accepting(accept, declaration.parameters) : declaration.parameters;
  return {
    definition: { name, description, parameters: describeParameters(declaration.parameters) },
    effect,
    parameters,
    ...(effectOf && { effectOf: (input: unknown) => effectOf(parameters.parse(input)) }),
    ...(question && { question: (input: unknown) => question(parameters.parse(input)) }),
    ...(subject && { subject: (input: unknown) => subject(parameters.parse(input)) }),
    ...(leaves && { leaves: (input: unknown) => leaves(parameters.parse(input)) }),
    async execute(input, context) {
      try {
        const outcome = await declaration.execute(parameters.parse(input), context);
        return typeof outcome === "string" ? { content: outcome, isError: false } : outcome;
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason;
        if (error instanceof ApiError) return failure(error.message);
        throw error;
      }
    },
  };
}

function accepting<Parameters extends z.ZodObject>(
  accept: (input: Record<string, unknown>) => Record<string, unknown>,
  parameters: Parameters,
): z.ZodType<z.output<Parameters>> {
  const isObject = (input: unknown): input is Record<string, unknown> =>
    typeof input === "object" && input !== null && !Array.isArray(input);
  return z.preprocess((input) => (isObject(input) ? accept(input) : input), parameters);
}

/** An outcome that tells the model what went wrong. */
export function failure(content: string): ToolOutcome {
  return { content, isError: true };
}

/** The path as `Directory` takes it: models also write absolute paths that they saw in a command's output. */
export function relativePath(
  path: string,
  { directory, sandbox }: Pick<Workplace, "directory" | "sandbox">,
): string {
  const seen = sandbox.pathInside(directory.hostPath);
  if (path === seen) return "";
  if (path.startsWith(`${seen}/`)) return path.slice(seen.length + 1);
  return path === "." ? "" : path;
}

/** A path as it can stand in a line of text. */
export function showPath(path: string): string {
  if (path === "") return ".";
  return /\p{Cc}/u.test(path) ? JSON.stringify(path) : path;
}

/** "1,234 bytes", "5.6 MB" and the like. */
export function showSize(bytes: number): string {
  if (bytes < 10_000) return `${bytes.toLocaleString("en")} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} KB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

function describeParameters(parameters: z.ZodObject): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(parameters, {
    io: "input",
    override({ jsonSchema }) {
      // zod bounds every integer by what a double can hold; to a model that is noise.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return schema;
}
