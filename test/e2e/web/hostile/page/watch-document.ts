// Runs in the page, before its own scripts: tells `noteFinding` what no text should make it do.
(() => {
  const report: unknown = Reflect.get(window, "noteFinding");
  Reflect.set(window, "findings", 0);
  const note = (finding: string) => {
    Reflect.set(window, "findings", Reflect.get(window, "findings") + 1);
    if (typeof report === "function") report(finding);
  };
  for (const name of ["pwned", "alert", "confirm", "prompt", "print", "open"]) {
    Reflect.set(window, name, () => note(`executed ${name}`));
  }
  document.addEventListener("securitypolicyviolation", (event) =>
    note(`the policy refused ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`),
  );

  const html =
    "a abbr article aside b blockquote br button code dd del details div dl dt em fieldset footer h1 h2 h3 h4 h5 h6 " +
    "header hr i img input label legend li main nav ol option p pre progress s section select small span strong sub " +
    "summary sup table tbody td textarea tfoot th thead time tr u ul kbd form";
  const vector = "svg path circle rect line polyline polygon ellipse g";
  const allowed = new Set(`${html} ${vector}`.split(" "));
  const forbidden =
    /^(on.*|srcdoc|srcset|action|formaction|background|ping|poster|http-equiv|xlink:.*|is|slot)$/i;

  const describe = (element: Element) => element.cloneNode(false) as Element;
  const complain = (what: string, element: Element) =>
    note(`${what}: ${describe(element).outerHTML.slice(0, 160)}`);
  const checkAttribute = (element: Element, name: string, value: string) => {
    const tag = element.localName;
    if (forbidden.test(name)) complain(`attribute ${name}`, element);
    const covers = element.closest(".prose") ? /url\(|image-set|position/i : /url\(|image-set/i;
    if (name === "style" && covers.test(value)) complain("style", element);
    if (name === "href" && tag !== "link") {
      const url = new URL(value, location.href);
      if (!["http:", "https:", "mailto:"].includes(url.protocol)) complain("address", element);
    }
    if (name === "src" && tag !== "script") {
      const url = new URL(value, location.href);
      if (url.origin !== location.origin || !url.pathname.startsWith("/v1/files/"))
        complain("source", element);
    }
    // What an answer may call its elements cannot be mistaken for something of the page.
    const named = name === "id" || name === "name";
    if (named && element.closest(".prose") && !/^(user-content-|base-ui-|_r_|footnote-label$)/.test(value))
      complain(name, element);
  };
  const check = (element: Element) => {
    const own = (address: string | null) => address?.startsWith(`${location.origin}/assets/`) === true;
    const loads =
      (element instanceof HTMLLinkElement && own(element.href)) ||
      (element instanceof HTMLScriptElement && own(element.src));
    if (loads) return;
    if (!allowed.has(element.localName)) complain("element", element);
    for (const { name, value } of element.attributes) checkAttribute(element, name, value);
  };
  const checkTree = (node: Node) => {
    if (!(node instanceof Element)) return;
    check(node);
    for (const each of node.querySelectorAll("*")) check(each);
  };
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver((records) => {
      for (const { type, target, attributeName, addedNodes } of records) {
        if (type === "childList") addedNodes.forEach(checkTree);
        else if (target instanceof Element && attributeName !== null)
          checkAttribute(target, attributeName, target.getAttribute(attributeName) ?? "");
      }
    }).observe(document.documentElement, { childList: true, subtree: true, attributes: true });
  });
})();
