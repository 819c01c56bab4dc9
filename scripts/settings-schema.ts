import { z } from "zod";
import { settingInfo } from "../src/server/settings/setting.ts";
import { Settings } from "../src/server/settings/settings.ts";

/** The JSON Schema of `zcbot.jsonc`, by which editors complete and check it. */
export function settingsSchema(): string {
  const schema = z.toJSONSchema(Settings, {
    io: "input",
    // Checks of our own have no form there; zcbot itself says what they find.
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const info = settingInfo(zodSchema);
      if (!info) return;
      const variable = info.environment ? ` (${info.environment})` : "";
      jsonSchema.description = `${info.description.replaceAll("`", "")}${variable}`;
      if (info.defaultText) jsonSchema.description += ` Default: ${info.defaultText.replaceAll("`", "")}.`;
    },
  });
  const { $schema, properties, ...rest } = schema;
  const own = { $schema: { type: "string", description: "where this schema is, for editors" } };
  const whole = { $schema, title: "zcbot.jsonc", ...rest, properties: { ...own, ...properties } };
  return `${JSON.stringify(whole, null, 2)}\n`;
}
