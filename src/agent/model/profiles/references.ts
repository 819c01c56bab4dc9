/** As far as a profile names others. */
export interface NamingProfile {
  fallback?: readonly string[] | undefined;
  summaryProfile?: string | undefined;
}

type Named = ReadonlyMap<string, NamingProfile>;

/** What is wrong with the profiles that profiles name, as sentences. */
export function checkReferences(profiles: Named): string[] {
  const problems: string[] = [];
  for (const [name, { fallback = [], summaryProfile }] of profiles) {
    for (const other of fallback) {
      if (other === name) problems.push(`Model profile ${name}: it cannot be a fallback of itself.`);
      else if (!profiles.has(other)) problems.push(`Model profile ${name}: ${unknown("fallback", other)}`);
    }
    if (summaryProfile !== undefined && !profiles.has(summaryProfile)) {
      problems.push(`Model profile ${name}: ${unknown("summaryProfile", summaryProfile)}`);
    }
  }
  return [...problems, ...findCycles(profiles)];
}

function unknown(field: string, name: string): string {
  return `${field} names "${name}", which is no profile.`;
}

/** One sentence for each circle, told from the profile of it that stands first in the file. */
function findCycles(profiles: Named): string[] {
  const done = new Set<string>();
  const problems: string[] = [];
  const visit = (name: string, path: string[]) => {
    const begun = path.indexOf(name);
    if (begun !== -1) {
      const circle = [...path.slice(begun), name];
      // One that names itself has been told of.
      if (circle.length > 2) problems.push(`Model profiles fall back in a circle: ${circle.join(" → ")}.`);
      return;
    }
    if (done.has(name)) return;
    for (const other of profiles.get(name)?.fallback ?? []) visit(other, [...path, name]);
    done.add(name);
  };
  for (const name of profiles.keys()) visit(name, []);
  return problems;
}

/** The profiles to go on with after `name`, each once: those it names, each followed by its own. */
export function fallbackChain(name: string, profiles: Named): string[] {
  const chain = new Set<string>();
  const add = (of: string) => {
    for (const other of profiles.get(of)?.fallback ?? []) {
      if (other === name || chain.has(other) || !profiles.has(other)) continue;
      chain.add(other);
      add(other);
    }
  };
  add(name);
  return [...chain];
}
