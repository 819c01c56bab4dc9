import { expect, test } from "vitest";
import { heartbeatMs, type Peer } from "../store/servers.ts";
import { identify, Membership } from "./membership.ts";

const elsewhere: Peer = {
  serverId: "别处",
  role: "all",
  realm: "另一台机器",
  pid: 1,
  processStart: "1",
  beat: 0,
  expired: false,
};

/** Looks once a heartbeat for this many seconds; gives when the peer was found dead, seconds, or null. */
function watch(
  membership: Membership,
  seconds: number,
  peer: (now: number) => Peer,
  from = 0,
): number | null {
  for (let now = from; now <= from + seconds * 1000; now += heartbeatMs) {
    if (membership.findDead([peer(now)], now).length > 0) return (now - from) / 1000;
  }
  return null;
}

test("a peer that gives signs of life lives, whatever the database's clock says", () => {
  const living = (now: number) => ({ ...elsewhere, beat: Math.floor(now / heartbeatMs), expired: true });
  expect(watch(new Membership("这台"), 60, living)).toBe(null);
});

test("one that falls silent is dead after ten seconds, although the database's clock went back", () => {
  expect(watch(new Membership("这台"), 60, () => elsewhere)).toBe(10);
});

test("one whose lease had run out before is given the time of one sign of life", () => {
  expect(watch(new Membership("这台"), 60, () => ({ ...elsewhere, expired: true }))).toBe(5);
});

test("who could not look for a while blames nobody for it", () => {
  const membership = new Membership("这台");
  watch(membership, 5, () => elsewhere);
  const back = 60_000;
  expect(membership.findDead([{ ...elsewhere, expired: true }], back)).toEqual([]);
  expect(watch(membership, 60, () => ({ ...elsewhere, expired: true }), back)).toBe(5);
});

test("a process of this machine is dead once it is gone, and its successor under the same pid is another one", () => {
  const { realm, pid, processStart } = identify("自己", "all");
  const membership = new Membership(realm);
  const here = { ...elsewhere, realm, pid, processStart };
  expect(membership.findDead([here], 0)).toEqual([]);
  const dead = { ...here, processStart: "早先的" };
  expect(membership.findDead([dead], 1)).toEqual([dead]);
  // Of another machine, or container, a pid says nothing.
  expect(new Membership("容器").findDead([dead], 1)).toEqual([]);
});
