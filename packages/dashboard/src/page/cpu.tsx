/** The CPU profile as an icicle graph: arrows move, click or Enter zooms, Escape goes back. */
import type { RunReport } from '@whetstone/model'
import { useRef, useState } from 'preact/hooks'
import { flameOf, framesInView, type Flame, type FlameFrame } from '../reading/flame.ts'
import { formatCount, formatFraction } from '../reading/format.ts'
import { neighbourOf } from '../reading/flame-move.ts'
import { DataTable, Missing, Section } from './pieces.tsx'

const ROW = 21
const owners = [
  ['application', 'your code'],
  ['named', 'your code, named by a finding'],
  ['dependency', 'dependencies'],
  ['runtime', 'runtime'],
] as const

export function Cpu({ report }: { readonly report: RunReport }) {
  const flame = flameOf(report)
  const note = flame
    ? `Main thread of process ${flame.profile.pid}, ${formatCount(flame.samples)} busy samples of ${formatCount(flame.profile.samples)}; select a frame to zoom`
    : undefined
  return (
    <Section id="cpu" title="CPU profile" note={note}>
      <div class="card">
        {flame ? (
          <Icicle flame={flame} />
        ) : (
          <Missing
            why="The process was not profiled. Let Whetstone start it:"
            type="whetstone diagnose -- <your start command>"
          />
        )}
      </div>
    </Section>
  )
}

function Icicle({ flame }: { readonly flame: Flame }) {
  const byId = new Map(flame.frames.map(frame => [frame.id, frame]))
  const root = flame.frames[0]!
  const [zoomId, setZoomId] = useState(root.id)
  const [focusId, setFocusId] = useState(root.id)
  const holder = useRef<HTMLDivElement>(null)
  const zoom = byId.get(zoomId)!
  const inView = framesInView(flame.frames, zoom)
  const depth = Math.max(...inView.map(frame => frame.depth)) + 1
  const current = byId.get(focusId)!
  // The element itself, not the state, is moved: keys that come faster than a render must not be lost.
  const focus = (frame: FlameFrame): void =>
    holder.current!.querySelector<HTMLElement>(`[data-frame="${frame.id}"]`)?.focus()
  const showAll = (): void => {
    setZoomId(root.id)
    focus(root)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') return showAll()
    const from = byId.get(Number((event.target as HTMLElement).dataset['frame']))
    const next = from && neighbourOf(from, event.key, inView)
    if (!next) return
    event.preventDefault()
    focus(next)
  }
  return (
    <>
      <span class="legend">
        {owners.map(([owner, text]) => (
          <span key={owner}>
            <i class={`swatch ${owner}`} />
            {text}
          </span>
        ))}
      </span>
      <div
        class="flame"
        ref={holder}
        style={{ height: `${depth * ROW}px` }}
        role="group"
        aria-label={describe(flame)}
        onKeyDown={onKeyDown}
      >
        {inView.map(frame => (
          <Frame
            key={frame.id}
            frame={frame}
            zoom={zoom}
            focusable={frame.id === focusId}
            onSelect={() => setZoomId(frame.id)}
            onFocus={() => setFocusId(frame.id)}
          />
        ))}
      </div>
      <div class="flame-bar">
        <span aria-live="polite">
          {current.label} {current.place && <code>{current.place}</code>} · {formatFraction(current.width)} of busy
          time, {formatFraction(current.selfSamples / flame.samples)} in itself
        </span>
        {zoomId !== root.id && (
          <button class="button" type="button" onClick={showAll}>
            Show all
          </button>
        )}
      </div>
      <DataTable
        head={['Function', 'Place', 'Owner', 'In itself', 'With callees']}
        rows={flame.frames
          .toSorted((a, b) => b.selfSamples - a.selfSamples)
          .slice(0, 30)
          .map(frame => [
            frame.label,
            frame.place,
            frame.owner,
            formatFraction(frame.selfSamples / flame.samples),
            formatFraction(frame.width),
          ])}
      />
    </>
  )
}

interface FrameProps {
  readonly frame: FlameFrame
  readonly zoom: FlameFrame
  readonly focusable: boolean
  readonly onSelect: () => void
  readonly onFocus: () => void
}
function Frame({ frame, zoom, focusable, onSelect, onFocus }: FrameProps) {
  const above = frame.depth < zoom.depth
  const left = above ? 0 : (frame.left - zoom.left) / zoom.width
  const width = above ? 1 : frame.width / zoom.width
  const share = formatFraction(frame.width)
  return (
    <button
      type="button"
      class={`${frame.owner} ${width < 0.025 ? 'tiny' : ''}`}
      style={{ left: `${left * 100}%`, width: `${width * 100}%`, top: `${frame.depth * ROW}px` }}
      tabIndex={focusable ? 0 : -1}
      data-frame={frame.id}
      aria-label={`${frame.label} ${frame.place}, ${share}`}
      title={`${frame.label} ${frame.place}\n${share} of busy time, ${formatCount(frame.selfSamples)} samples in itself`}
      onClick={onSelect}
      onFocus={onFocus}
    >
      {frame.label} {frame.place} {share}
    </button>
  )
}

function describe({ frames, samples }: Flame): string {
  const own = frames.filter(frame => frame.owner === 'application' || frame.owner === 'named')
  const hottest = frames.toSorted((a, b) => b.selfSamples - a.selfSamples)[0]!
  const ownFraction = own.reduce((sum, frame) => sum + frame.selfSamples, 0) / samples
  return `CPU profile: ${formatFraction(ownFraction)} in your own code, most in ${hottest.label}. Arrow keys move, Enter zooms, Escape shows all.`
}
