// Asked inside a page: what is there, and which elements are not as they should be. An expression: an object of functions.
(() => {
  const SLACK = 1; // px: rounding
  const all = (css) => [...document.querySelectorAll(css)];

  // As much of the path to an element as a reader needs to find it, and how its text begins.
  const selector = (element) => {
    const parts = [];
    for (let e = element; e && e !== document.documentElement; e = e.parentElement) {
      if (e.id) {
        parts.unshift(`#${e.id}`);
        break;
      }
      const same = [...(e.parentElement?.children ?? [])].filter((other) => other.tagName === e.tagName);
      const name = [e.tagName.toLowerCase(), ...e.classList].join(".");
      parts.unshift(same.length > 1 ? `${name}:nth-of-type(${same.indexOf(e) + 1})` : name);
    }
    return parts.slice(-4).join(" > ");
  };
  const told = (e) => `${selector(e)} "${e.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}"`;

  const visible = () =>
    all("body *").filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().width > 1);
  const innermost = (list) => list.filter((e) => !list.some((other) => other !== e && e.contains(other)));
  const overflow = (e) => getComputedStyle(e).overflowX;
  const scrolls = (e) => ["auto", "scroll"].includes(overflow(e));
  const cuts = (e) => ["hidden", "clip"].includes(overflow(e));
  const isInScroller = (element) => {
    for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) if (scrolls(e)) return true;
    return false;
  };
  const isTooFull = (e) => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + SLACK;
  const isBlock = (e) => !/^(inline|contents|none)/.test(getComputedStyle(e).display) || e.matches("td, th");
  const leaves = (wide) => (e) => {
    const box = e.getBoundingClientRect();
    return box.right > 0 && (box.right > wide + SLACK || box.left < -SLACK); // wholly to the left: for a keyboard only
  };

  const structure = () => {
    const SOURCES = ["src", "srcset", "data", "background", "poster", "ping"];
    const fetches = all("*").flatMap((e) =>
      [...SOURCES, ...(e.matches("link, image, use, base") ? ["href", "xlink:href"] : [])]
        .map((name) => e.getAttribute(name))
        .filter((value) => value && !/^(data:|#)/.test(value))
        .map((value) => `${selector(e)} ${value.slice(0, 100)}`),
    );
    const level = (e) => Number(e.tagName[1]);
    return {
      ids: all("[id]").map((e) => e.id),
      links: all("a[href], area[href]").map((e) => e.getAttribute("href")),
      fetches,
      scripts: all("script").map(selector),
      h1: all("h1").map(told),
      skips: all("h1, h2, h3, h4, h5, h6")
        .filter((e, i, list) => i > 0 && level(e) - level(list[i - 1]) > 1)
        .map(told),
      images: all("img").map((e) => [e.alt.trim().length, `${selector(e)} alt="${e.alt}"`]),
      uncaptioned: all("figure")
        .filter((e) => !e.querySelector("figcaption")?.textContent.trim())
        .map(selector),
      loose: all("main img")
        .filter((e) => !e.closest("figure"))
        .map(selector),
      unnamed: all("table")
        .filter((e) => !e.caption?.textContent.trim() && !e.closest("table[aria-label], [role='region'][aria-label]"))
        .map(told),
      broken: all("img")
        .filter((e) => e.complete && e.naturalWidth === 0)
        .map(selector),
    };
  };

  const screen = () => {
    const page = document.scrollingElement;
    const elements = visible();
    const full = elements.filter((e) => isBlock(e) && isTooFull(e));
    return {
      scroll: page.scrollWidth > page.clientWidth ? [`${page.scrollWidth} px`] : [],
      out: innermost(elements.filter((e) => leaves(page.clientWidth)(e) && !isInScroller(e))).map(told),
      cut: full.filter(cuts).map(told),
      burst: innermost(full.filter((e) => overflow(e) === "visible")).map(told),
      mute: full.filter((e) => scrolls(e) && e.tabIndex < 0 && !e.querySelector("a[href], [tabindex='0']")).map(told),
    };
  };

  // Colours as red, green, blue (0 to 255) and alpha, in whatever notation they are given.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const colour = (text) => {
    if (!known.has(text)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      known.set(text, [...canvas.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(text);
  };
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue]
      .map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  // Width and height inside the margins of a sheet, in px; the margins are those of the page, if it sets any.
  const sheet = ([width, height], margin) => {
    const MM = 96 / 25.4;
    const rules = [...document.styleSheets].filter((style) => !style.href).flatMap((style) => [...style.cssRules]);
    const own = rules.find((rule) => rule instanceof CSSPageRule)?.style;
    const px = (side) => {
      const [, number, unit] = (own?.getPropertyValue(`margin-${side}`) || `${margin}mm`).match(/^([\d.]+)(mm|cm|in|px|pt)$/);
      return number * { mm: MM, cm: 10 * MM, in: 96, px: 1, pt: 96 / 72 }[unit];
    };
    return [width * MM - px("left") - px("right"), height * MM - px("top") - px("bottom")].map(Math.floor);
  };

  // What prints: no background, unless the style insists, and no box that could be scrolled.
  const paper = (tallest) => {
    const page = document.scrollingElement;
    const elements = visible();
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const style = getComputedStyle(e);
        const background = colour(style.backgroundColor);
        if (background[3] > 128 && style.printColorAdjust === "exact") return luminance(background);
      }
      return 1;
    };
    const contrast = (e) => {
      const [light, dark] = [luminance(colour(getComputedStyle(e).color)), behind(e)].sort((a, b) => b - a);
      return (light + 0.05) / (dark + 0.05);
    };
    const hasText = (e) => [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const isDark = (e) => {
      const background = colour(getComputedStyle(e).backgroundColor);
      return background[3] > 128 && luminance(background) < 0.8;
    };
    const width = (e) => `${told(e)}: ${Math.round(e.getBoundingClientRect().right)} px`;
    return {
      wide: page.scrollWidth > page.clientWidth ? [`${page.scrollWidth} px`] : [],
      tables: elements.filter((e) => e.matches("table") && leaves(page.clientWidth)(e)).map(width),
      boxes: elements
        .filter((e) => isBlock(e) && isTooFull(e) && overflow(e) !== "visible")
        .map((e) => `${told(e)}: ${e.scrollWidth} px in ${e.clientWidth}`),
      tall: elements.filter((e) => e.matches("img, svg, tr") && e.getBoundingClientRect().height > tallest).map(told),
      torn: elements.filter((e) => e.matches("tr, figure") && getComputedStyle(e).breakInside === "auto").map(told),
      cells: innermost(elements.filter((e) => e.matches("td, th, caption") && isTooFull(e))).map(told),
      pale: elements
        .filter((e) => hasText(e) && contrast(e) < 4.5)
        .map((e) => `${getComputedStyle(e).color} ${told(e)}`),
      dark: [document.documentElement, document.body].filter(isDark).map(selector),
    };
  };

  // Details are judged as well: opened, and then as they were.
  const OPENED = "data-opened";
  const open = () =>
    all("details:not([open])").forEach((e) => {
      e.setAttribute(OPENED, "");
      e.open = true;
    });
  const close = () =>
    all(`[${OPENED}]`).forEach((e) => {
      e.removeAttribute(OPENED);
      e.open = false;
    });

  const axe = async (levels) => {
    const found = await window.axe.run(document, {
      runOnly: { type: "tag", values: levels },
      resultTypes: ["violations"],
    });
    const reason = (node) => [...node.any, ...node.all, ...node.none][0]?.message ?? "";
    return found.violations.map(({ id, impact, help, nodes }) => ({
      rule: `${id} (${impact}): ${help}`,
      nodes: nodes.map((node) => `${node.target.join(" ")}: ${reason(node)}`),
    }));
  };

  return { structure, screen, sheet, paper, open, close, axe };
})()
