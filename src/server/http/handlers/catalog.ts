import { listSkills } from "../../../agent/skills.ts";
import type { Models } from "../../models.ts";
import type { Handlers } from "../handler.ts";

/** What a task can be given: model profiles and skills. */
export function createCatalogHandlers(
  models: Pick<Models, "list">,
  skillsDirectory: string,
): Pick<Handlers, "listModels" | "listSkills"> {
  return {
    async listModels() {
      return models.list();
    },
    async listSkills() {
      const skills = await listSkills(skillsDirectory);
      return { skills: skills.map(({ name, description }) => ({ name, description })) };
    },
  };
}
