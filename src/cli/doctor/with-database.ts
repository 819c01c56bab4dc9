import { createLogger } from "../../server/log.ts";
import { type Database, type DatabaseAddress, openDatabase } from "../../server/store/database.ts";

const logger = createLogger("silent");

/** Gives `work` a database under doctor's name, and closes it afterwards. */
export async function withDatabase<Result>(
  address: DatabaseAddress,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(address, { poolSize: 2, applicationName: "zcbot doctor", logger });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
