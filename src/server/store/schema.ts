import type { ColumnType, Generated } from "kysely";
import type { PendingMode } from "../../protocol/message.ts";
import type { Request } from "../../protocol/request.ts";
import type { RunStatus } from "../../protocol/run.ts";
import type { TaskStatus } from "../../protocol/task.ts";

type Timestamp = ColumnType<Date, Date | undefined, Date>;

/** The tables as Kysely sees them; `migrations/` makes them and says why they are so. */
export interface Schema {
  users: {
    user_id: string;
    n_tasks: Generated<number>;
    last_turn: Generated<number>;
    approvals: Generated<unknown>;
    mcp_servers: Generated<unknown>;
    memory: Generated<boolean>;
    suspended_at: Date | null;
    token_generation: Generated<number>;
    created_at: Timestamp;
  };
  tasks: {
    task_id: string;
    user_id: string;
    name: string;
    description: Generated<string>;
    /** The last segment of the working directory. */
    directory: string;
    status: Generated<TaskStatus>;
    skill: Generated<string>;
    /** "" means the default profile, whichever that is. */
    model_profile: Generated<string>;
    model: Generated<string>;
    tokens_prompt: Generated<number>;
    tokens_completion: Generated<number>;
    cost_nano: number | null;
    approvals: Generated<unknown>;
    n_messages: Generated<number>;
    n_runs: Generated<number>;
    n_pending: Generated<number>;
    created_at: Timestamp;
    updated_at: Timestamp;
  };
  runs: {
    run_id: string;
    task_id: string;
    user_id: string;
    status: RunStatus;
    ordinal: number;
    message_idx: number | null;
    attempt: Generated<number>;
    resume_reason: string | null;
    queue_position: number | null;
    lease_owner: string | null;
    lease_generation: Generated<number>;
    tokens_in: Generated<number>;
    tokens_out: Generated<number>;
    /** Null: the task's. */
    model_profile: string | null;
    cached: Generated<number>;
    reasoning: Generated<number>;
    cost_nano: number | null;
    error_code: string | null;
    error_message: string | null;
    created_at: Timestamp;
    started_at: Date | null;
    finished_at: Date | null;
  };
  messages: {
    task_id: string;
    idx: number;
    run_id: string;
    payload: unknown;
    provider_data: unknown;
    notes: unknown;
    tokens_in: Generated<number>;
    tokens_out: Generated<number>;
    created_at: Timestamp;
  };
  events: { run_id: string; seq: number; type: string; data: string };
  pending: {
    pending_id: string;
    task_id: string;
    user_id: string;
    ordinal: Generated<number>;
    mode: PendingMode;
    content: string;
    notes: unknown;
    model_profile: string | null;
    taken: Generated<boolean>;
    created_at: Timestamp;
  };
  usage: {
    run_id: string;
    seq: number;
    user_id: string;
    task_id: string;
    at: Timestamp;
    purpose: string;
    profile: string;
    model: string;
    tokens_in: number;
    tokens_out: number;
    cached: number;
    cache_writes: number;
    reasoning: number;
    cost_nano: number | null;
  };
  mcp_status: { user_id: string; name: string; status: unknown };
  contexts: { task_id: string; record: unknown };
  requests: {
    request_id: string;
    run_id: string;
    request: Request;
    deadline: Date | null;
    answer: unknown;
    used: Generated<boolean>;
  };
  idempotency_keys: {
    user_id: string;
    key: string;
    task_id: string;
    request: string;
    response: unknown;
    created_at: Timestamp;
  };
  deleted_tasks: { task_id: string; user_id: string; deleted_at: Timestamp };
  servers: {
    server_id: string;
    beat: Generated<number>;
    role: Generated<string>;
    realm: string | null;
    pid: number | null;
    process_start: string | null;
    started_at: Timestamp;
    expires_at: Date;
  };
}
