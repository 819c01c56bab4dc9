import { connect } from "node:net";
import type { AllowedHost } from "../network/host-pattern.ts";
import { createHostResolver } from "../network/resolve-host.ts";
import type { WebAccess } from "./open-address.ts";

/** The way to the internet itself; `allow` are the hosts that the operator lists. */
export function createWebAccess(allow: readonly AllowedHost[]): WebAccess {
  return { allow, resolve: createHostResolver(), connect };
}
