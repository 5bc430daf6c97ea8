import vue from "@vitejs/plugin-vue";
import { build, defineConfig, type Plugin, type Rolldown } from "vite";

const PAGES = ["w", "c", "b", "n", "docs"];

type Bundle = Rolldown.OutputBundle;

export default defineConfig({
  plugins: [vue(), serviceWorker()],
  build: {
    // Phones on building sites are old, and so are the browsers inside other apps.
    target: ["es2020", "chrome87", "safari14"],
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1600, // Swagger UI, on the API's page only
    rolldownOptions: { input: Object.fromEntries(PAGES.map((page) => [page, `web/${page}/index.html`])) },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});

/** Builds the worker page's service worker after the pages, when the hashed names of their files are known. */
function serviceWorker(): Plugin {
  return {
    name: "anxin-service-worker",
    apply: "build",
    async writeBundle(_, bundle) {
      const hashed = shellOf(bundle);
      const version = hashed.map((file) => file.replace(/^.*-|\.\w+$/g, "")).join("-");
      const files = [...hashed, "/w/icon.svg", "/w/manifest.webmanifest"];
      await build({
        configFile: false,
        root: "web",
        publicDir: false,
        logLevel: "warn",
        define: { __SHELL__: JSON.stringify({ version, files }) },
        build: {
          target: ["es2020", "chrome87", "safari14"],
          emptyOutDir: false,
          lib: { entry: "worker/sw.ts", formats: ["iife"], name: "sw", fileName: () => "w/sw.js" },
        },
      });
    },
  };
}

/** The scripts and styles that the worker page loads, directly or through another script. */
function shellOf(bundle: Bundle): string[] {
  const files = new Set<string>();
  const visit = (name: string): void => {
    const chunk = bundle[name];
    if (files.has(name) || chunk?.type !== "chunk") return;
    files.add(name);
    chunk.viteMetadata?.importedCss.forEach((css) => files.add(css));
    [...chunk.imports, ...chunk.dynamicImports].forEach(visit);
  };
  const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry && file.name === "w");
  if (!entry) throw new Error("the worker page is missing from the build");
  visit(entry.fileName);
  return [...files].map((name) => `/${name}`);
}
