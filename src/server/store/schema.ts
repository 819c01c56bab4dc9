import type { ColumnType, Generated } from "kysely";
import type { RunStatus } from "../../protocol/run.ts";
import type { TaskStatus } from "../../protocol/task.ts";

type Timestamp = ColumnType<Date, Date | undefined, Date>;

/** The tables as Kysely sees them; `migrations/` makes them and says why they are so. */
export interface Schema {
  users: { user_id: string; n_tasks: Generated<number>; created_at: Timestamp };
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
    n_messages: Generated<number>;
    created_at: Timestamp;
    updated_at: Timestamp;
  };
  runs: {
    run_id: string;
    task_id: string;
    user_id: string;
    status: RunStatus;
    lease_owner: string | null;
    lease_generation: Generated<number>;
    tokens_in: Generated<number>;
    tokens_out: Generated<number>;
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
    tokens_in: Generated<number>;
    tokens_out: Generated<number>;
    created_at: Timestamp;
  };
  events: { run_id: string; seq: number; type: string; data: string };
  servers: { server_id: string; started_at: Timestamp; expires_at: Date };
}
