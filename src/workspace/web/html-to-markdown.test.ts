import fc from "fast-check";
import { expect, test } from "vitest";
import { htmlToMarkdown, htmlToText } from "./html-to-markdown.ts";

const write = (html: string) => htmlToMarkdown(html, "https://site.example/甲/乙.html").markdown;

test.each([
  ["paragraphs and headings", "<h2>标 题</h2><p>一\n 二<p>三<br>四", "## 标 题\n\n一 二\n\n三\\\n四"],
  ["words beside blocks", "前<div>中</div>后", "前\n\n中\n\n后"],
  ["marks with their spaces outside", "甲<b> 粗 </b>乙 <em>斜</em><i> </i>", "甲 **粗** 乙 _斜_"],
  ["bold beside Chinese punctuation", "<p><b>注意：</b>请看<b>“引”</b>文", "**注意：**请看**“引”**文"],
  ["names as they are", "<p>用 snake_case 和 a*b", "用 snake_case 和 a*b"],
  ["code in a line", "用 <code>npm  ci</code> 装", "用 `npm ci` 装"],
  [
    "code as a block, whatever it holds",
    '<pre class="x"><code>a  b\n```\n  &lt;c&gt;\n</code></pre>',
    "````\na  b\n```\n  <c>\n````",
  ],
  ["a link", "<a href='../丙?x=1#y'>丙</a>", "[丙](https://site.example/%E4%B8%99?x=1#y)"],
  ["a link with brackets", "<a href='/a(b)'>[丙]</a>", "[[丙]](https://site.example/a%28b%29)"],
  [
    "a link around blocks",
    "<a href='/a'><h3>题</h3><p>说明</p></a>",
    "### [题](https://site.example/a)\n\n[说明](https://site.example/a)",
  ],
  [
    "links that cannot be opened",
    "<a href='javascript:x'>一</a><a href='mailto:a@b'>二</a><a>三</a>",
    "一二三",
  ],
  [
    "a page's own base",
    "<base href='https://其他.example/x/'><a href='y'>丙</a>",
    "[丙](https://xn--8mqu7d.example/x/y)",
  ],
  [
    "pictures that say what they show",
    "<img src='a.png' alt='图'><img src='b.png'><img src='data:x' alt='丁'>",
    "![图](https://site.example/%E7%94%B2/a.png)",
  ],
  [
    "lists in lists",
    "<ul><li>一<ol start=3><li>三<li><p>四</p><p>补</p></ol><li>二</ul>",
    "- 一\n\n  3. 三\n\n  4. 四\n\n     补\n\n- 二",
  ],
  ["quotes", "<blockquote><p>一</p><ul><li>二</ul></blockquote>", "> 一\n>\n> - 二"],
  [
    "tables, of ragged rows too",
    "<table><tr><th>日<th>元|角</tr><tbody><tr><td><p>1</p><p>2</p></tr></table>",
    "| 日 | 元\\|角 |\n| - | - |\n| 1 2 | |",
  ],
  [
    "tables that only place things",
    "<table><tr><td><h3>题</h3>一<td><table><tr><td>二</table></table>",
    "### 题\n\n一\n\n| |\n| - |\n| 二 |",
  ],
  [
    "what frames a page",
    "<body><header>顶</header><nav>航</nav><p>文</p><aside>旁</aside><div role=banner>幅</div><footer>底",
    "文",
  ],
  [
    "what is not shown",
    "<p hidden>一</p><p style='DISPLAY : none'>二</p><p aria-hidden=true>三</p><p>四<noscript>五</noscript>",
    "四",
  ],
  ["an article's own head", "<article><header><h1>题</h1></header><p>文</article>", "# 题\n\n文"],
  ["the main part", "<p>菜单<main><p>正文很长很长</main><p>广告", "正文很长很长"],
  ["all of it where the main part is empty", "<p>正文很长很长<main></main>", "正文很长很长"],
])("of a page are kept: %s", (_what, html, markdown) => {
  expect(write(html)).toBe(markdown);
});

test("of what is nested beyond all reason the words are kept", () => {
  const deep = (count: number) =>
    `<p>上</p>${"<div>".repeat(count)}下<script>坏</script>${"</div>".repeat(count)}`;
  for (const count of [200, 1_000]) expect(write(deep(count))).toBe("上\n\n下");
  // Beyond what the library's own recursion bears; the thread then goes by the words alone.
  expect(() => write(deep(50_000))).toThrow(RangeError);
  expect(htmlToText(`${deep(50_000)}<STYLE>也</STYLE>`)).toBe("上\n下");
});

test("any page is read, into text without tags of its own", () => {
  const tags =
    "a b p div ul li ol table tr td pre code br img main h1 script blockquote template svg select".split(" ");
  const tag = fc.constantFrom(...tags);
  const piece = fc.oneof(
    tag.map((name) => `<${name}>`),
    tag.map((name) => `</${name}>`),
    fc.constantFrom(
      "<a href='/x'>",
      "<img src=x alt=图>",
      "<!--",
      "-->",
      "<![CDATA[",
      "&amp;",
      "文字 ",
      "\n",
      "<p hidden>",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      expect(write(pieces.join(""))).not.toMatch(/<(p|div|ul|li|table|script)>/);
    }),
    { numRuns: 300, seed: 5 },
  );
});
