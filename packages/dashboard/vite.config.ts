/** Makes the one HTML template of the report: scripts and styles inline, each allowed by its hash and nothing else. */
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { defaultClientConditions, defineConfig, type Plugin } from 'vite'
import { viteSingleFile } from 'vite-plugin-singlefile'

const packageFolder = fileURLToPath(new URL('.', import.meta.url))

export default defineConfig({
  root: `${packageFolder}src/page`,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // The page shares its readings with the model, of which nothing is built yet in a source tree.
  resolve: { conditions: ['@whetstone/source', ...defaultClientConditions] },
  build: {
    outDir: process.env['WHETSTONE_TEMPLATE_FOLDER'] ?? `${packageFolder}dist`,
    emptyOutDir: false,
    rolldownOptions: { input: `${packageFolder}src/page/template.html` },
    // Half a kilobyte of polyfill for preloading modules that a single file never preloads.
    modulePreload: { polyfill: false },
  },
  // The order matters: hashes are taken of what was put inline.
  plugins: [viteSingleFile(), contentSecurityPolicy()],
})

/** Replaces the policy placeholder by the hashes of the page's own script and style. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type === 'asset' && file.fileName.endsWith('.html')) file.source = withPolicy(String(file.source))
        }
      },
    },
  }
}

function withPolicy(html: string): string {
  const scripts = hashesOf(html, /<script type="module"[^>]*>([\s\S]*?)<\/script>/g)
  const styles = hashesOf(html, /<style[^>]*>([\s\S]*?)<\/style>/g)
  const policy = `default-src 'none'; script-src ${scripts}; style-src ${styles}; img-src data:; base-uri 'none'; form-action 'none'`
  return html.replace('__CONTENT_SECURITY_POLICY__', () => policy)
}

function hashesOf(html: string, element: RegExp): string {
  const hashes = [...html.matchAll(element)].map(match => createHash('sha256').update(match[1]!).digest('base64'))
  if (hashes.length === 0) throw new Error(`the template holds nothing that matches ${element.source}`)
  return hashes.map(hash => `'sha256-${hash}'`).join(' ')
}
