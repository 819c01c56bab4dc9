import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One more than cores: much of the time is spent waiting for processes and browsers.
    maxWorkers: 3,
    // The server's modules are loaded once a worker, not once a file: that was a quarter of all the work.
    isolate: false,
  },
});
