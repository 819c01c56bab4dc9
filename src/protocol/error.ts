/** Every code a client may meet, with the HTTP status it travels under. Codes are stable; texts are not. */
export const errorStatus = {
  invalid_request: 422,
  idempotency_key_reused: 422,
  invalid_text: 400,
  invalid_name: 400,
  invalid_status: 400,
  invalid_path: 400,
  invalid_file_name: 400,
  invalid_user_id: 400,
  invalid_idempotency_key: 400,
  invalid_answer: 400,
  invalid_fork_point: 400,
  invalid_model_profile: 400,
  invalid_period: 400,
  invalid_mcp_server: 400,
  empty_content: 400,
  nothing_to_update: 400,
  nothing_to_export: 400,
  no_files: 400,
  invalid_archive: 400,
  invalid_skill: 400,
  not_a_file: 400,
  not_a_directory: 400,
  directory_not_empty: 400,
  root_not_deletable: 400,
  name_too_long: 400,
  malformed_request: 400,
  unauthorized: 401,
  invalid_code: 401,
  invalid_platform_key: 403,
  invalid_origin: 403,
  user_suspended: 403,
  not_found: 404,
  task_not_found: 404,
  run_not_found: 404,
  pending_not_found: 404,
  request_not_found: 404,
  path_not_found: 404,
  mcp_server_not_found: 404,
  skill_not_found: 404,
  memory_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  run_active: 409,
  run_not_active: 409,
  pending_full: 409,
  too_many_rules: 409,
  mcp_name_taken: 409,
  too_many_mcp_servers: 409,
  request_answered: 409,
  directory_nested: 409,
  precondition_failed: 412,
  too_large: 413,
  range_not_satisfiable: 416,
  invalid_host: 421,
  rate_limited: 429,
  headers_too_large: 431,
  internal_error: 500,
  unavailable: 503,
  disk_full: 507,
  quota_exceeded: 507,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof errorStatus;

/** One fault in a request's shape: where it is (`["body", "name"]`), what is wrong, and its kind. */
export interface ErrorIssue {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/**
 * The one error class. Thrown by the server and its parts, rebuilt by the client from an answer's body.
 * `message` is a plain English sentence that says what to do and never repeats an id.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly issues: ErrorIssue[] | undefined;
  /** Seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { issues?: ErrorIssue[]; retryAfter?: number; requestId?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = "ApiError";
    this.code = code;
    this.issues = more.issues;
    this.retryAfter = more.retryAfter;
    this.requestId = more.requestId;
  }

  get status(): number {
    return errorStatus[this.code];
  }
}
