declare module "swagger-ui-dist/swagger-ui-bundle.js" {
  export default function SwaggerUI(options: { url: string; domNode: HTMLElement | null; deepLinking: boolean }): void;
}
