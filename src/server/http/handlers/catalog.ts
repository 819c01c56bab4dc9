import type { Models } from "../../models.ts";
import type { Handlers } from "../handler.ts";

/** What a task can be given to work with. */
export function createCatalogHandlers(models: Pick<Models, "list">): Pick<Handlers, "listModels"> {
  return {
    async listModels() {
      return models.list();
    },
  };
}
