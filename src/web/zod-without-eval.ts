import { config } from "zod/v4";

// Stands in for `zod` in the bundle. It would try whether `new Function` works, which the page's policy forbids and reports.
config({ jitless: true });

// biome-ignore lint/performance/noBarrelFile: it is all that zod is
export * from "zod/v4";
