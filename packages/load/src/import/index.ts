/** One parser for each format in which people already have their requests, and the scenario file that is written from them. */
export { readAccessLog } from './access-log.ts'
export { graphqlOperation, looksLikeGraphqlPath } from './graphql.ts'
export { readHar } from './har.ts'
export { placeOf } from './imported.ts'
export type { ImportProblem, SourceText } from './imported.ts'
export { readOpenapi } from './openapi.ts'
export type { DescribedParameter } from './openapi.ts'
export { numberOf, textOf } from './otlp/attributes.ts'
export { decodeJson, decodeProtobuf } from './otlp/decode.ts'
export type { OtlpSpan } from './otlp/decode.ts'
export {
  contentTypeOf,
  fillQuery,
  namesInQuery,
  readHeaderLine,
  readRequestLine,
  readRouteLine,
} from './request-line.ts'
export { candidatesOfDescription, candidatesOfRecording } from './route-candidates.ts'
export type { RouteCandidate } from './route-candidates.ts'
export { fillPattern, guessPattern, matchPattern, normalisePattern, parametersOf } from './route-pattern.ts'
export type { PatternParameter } from './route-pattern.ts'
export type { ImportFormat } from './format.ts'
export { importScenario } from './import-scenario.ts'
export type { ImportedScenario } from './import-scenario.ts'
export { writeScenario } from './scenario/write-scenario.ts'
export { shellCommands } from './shell-words.ts'
