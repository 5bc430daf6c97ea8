// The API's own description, shown by Swagger UI from our own files: no CDN.
import SwaggerUI from "swagger-ui-dist/swagger-ui-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({ url: "/api/openapi.json", domNode: document.getElementById("api"), deepLinking: true });
