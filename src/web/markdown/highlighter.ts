import type { HighlighterCore } from "shiki/core";
import type { CodeHighlighterPlugin, HighlightResult } from "streamdown";

// Only what people meet in office work and code reviews: each is a file of its own, fetched when first met.
const grammars = {
  bash: () => import("shiki/langs/bash.mjs"),
  c: () => import("shiki/langs/c.mjs"),
  cpp: () => import("shiki/langs/cpp.mjs"),
  csharp: () => import("shiki/langs/csharp.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  diff: () => import("shiki/langs/diff.mjs"),
  docker: () => import("shiki/langs/docker.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  html: () => import("shiki/langs/html.mjs"),
  ini: () => import("shiki/langs/ini.mjs"),
  java: () => import("shiki/langs/java.mjs"),
  javascript: () => import("shiki/langs/javascript.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  markdown: () => import("shiki/langs/markdown.mjs"),
  php: () => import("shiki/langs/php.mjs"),
  powershell: () => import("shiki/langs/powershell.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  tsx: () => import("shiki/langs/tsx.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"),
  xml: () => import("shiki/langs/xml.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
} as const;
type Grammar = keyof typeof grammars;

const otherNames: Record<string, Grammar> = {
  "c++": "cpp",
  "c#": "csharp",
  cs: "csharp",
  dockerfile: "docker",
  golang: "go",
  js: "javascript",
  jsonc: "json",
  jsx: "tsx",
  md: "markdown",
  ps1: "powershell",
  py: "python",
  rs: "rust",
  sh: "bash",
  shell: "bash",
  ts: "typescript",
  yml: "yaml",
  zsh: "bash",
};

const themes = { light: "github-light", dark: "github-dark" } as const;
/** Longer code stays plain: colouring it would stop the page for too long. */
const longestCode = 40_000;
const mostResults = 150;

let loading: Promise<HighlighterCore> | undefined;
const results = new Map<string, HighlightResult>();

/**
 * Colours finished code blocks; what still streams stays plain, so that nothing is coloured per frame. It always
 * answers with the whole code: where a plugin answers nothing, the renderer goes on showing what it last had.
 */
export const highlighter: CodeHighlighterPlugin = {
  name: "shiki",
  type: "code-highlighter",
  getSupportedLanguages: () => [...Object.keys(grammars), ...Object.keys(otherNames)],
  getThemes: () => [themes.light, themes.dark],
  supportsLanguage: (language) => grammarOf(language) !== undefined,
  highlight({ code, language, isIncomplete }, onReady) {
    const grammar = grammarOf(language);
    if (!grammar || isIncomplete || code.length > longestCode) return plain(code);
    const key = `${grammar}\n${code}`;
    const known = results.get(key);
    if (known) return known;
    // Without its grammar (offline, say) the code simply stays plain.
    colour(code, grammar).then(
      (result) => {
        keep(key, result);
        onReady?.(result);
      },
      () => undefined,
    );
    return plain(code);
  },
};

function plain(code: string): HighlightResult {
  const tokens = code.split("\n").map((content) => [{ content, color: "inherit" }]);
  return { tokens, bg: "transparent", fg: "inherit" };
}

function grammarOf(language: string): Grammar | undefined {
  const name = language.toLowerCase();
  return Object.hasOwn(grammars, name) ? (name as Grammar) : otherNames[name];
}

async function colour(code: string, grammar: Grammar): Promise<HighlightResult> {
  loading ??= load();
  const shiki = await loading;
  if (!shiki.getLoadedLanguages().includes(grammar)) await shiki.loadLanguage(grammars[grammar]());
  return shiki.codeToTokens(code, { lang: grammar, themes });
}

async function load(): Promise<HighlighterCore> {
  const [core, engine] = await Promise.all([import("shiki/core"), import("shiki/engine/javascript")]);
  return core.createHighlighterCore({
    themes: [import("shiki/themes/github-light.mjs"), import("shiki/themes/github-dark.mjs")],
    langs: [],
    engine: engine.createJavaScriptRegexEngine({ forgiving: true }),
  });
}

function keep(key: string, result: HighlightResult): void {
  results.set(key, result);
  const oldest = results.keys().next().value;
  if (results.size > mostResults && oldest !== undefined) results.delete(oldest);
}
