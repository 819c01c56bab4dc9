import { type Logger, pino, stdTimeFunctions } from "pino";

const secretFields = [
  "authorization",
  "cookie",
  "set-cookie",
  "password",
  "token",
  "secret",
  "apiKey",
  "api_key",
  "platformKey",
  "platform_key",
  "jwtSecret",
  "jwt_secret",
  "databaseUrl",
];

/** The levels that `createLogger` takes, from quiet to chatty. */
export const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The server's logger. Writes to stderr: JSON, one object a line, or short lines for a person where
 * stderr is a terminal. Fields that carry secrets are blotted out up to three levels deep.
 */
export function createLogger(level: LogLevel, output: LogOutput = process.stderr): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError, err: describeError },
      redact: { paths: secretPaths(), censor: "[hidden]" },
    },
    output.isTTY ? { write: (line) => output.write(toHumanLine(line)) } : output,
  );
}

/** Where log lines go: stderr, or a stand-in that collects them. */
export interface LogOutput {
  isTTY?: boolean;
  write(line: string): unknown;
}

/** What helps of an error. Its other properties may hold anything: a connection, a query with a person's text. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  const code = "code" in error ? error.code : undefined;
  return { type: name, code, message, stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}

function secretPaths(): string[] {
  return secretFields.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]);
}

/** `12:03:44 warn  Postgres ended {"code":1}`, an error's stack on the lines below. */
function toHumanLine(line: string): string {
  const { level, time, msg, error, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 19);
  const details = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : "";
  const failure = (error ?? err) as { stack?: string; message?: string } | undefined;
  const stack = failure ? `\n  ${(failure.stack ?? failure.message ?? "").replaceAll("\n", "\n  ")}` : "";
  return `${clock} ${String(level).padEnd(5)} ${msg ?? ""}${details}${stack}\n`;
}
