SwaggerUIBundle({
  url: "v4/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // Its default would send the contract to a stranger's server to be checked.
  validatorUrl: null,
  // A key is forgotten with the tab.
  persistAuthorization: false,
});
