/** A4 in twips (1/20 point), with the margins that office documents here have. */
export const page = {
  width: 11_906,
  height: 16_838,
  margin: { top: 1440, bottom: 1300, left: 1420, right: 1420, header: 720, footer: 620 },
};

/** Between the margins, twips. */
export const textWidth = page.width - page.margin.left - page.margin.right;

/** The least that nested lists and quotes leave for text, twips. */
export const leastTextWidth = 3_000;

/** One step of a list or a quote, twips. */
export const indentStep = 440;
