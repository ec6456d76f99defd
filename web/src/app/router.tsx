import { createBrowserRouter, Navigate } from "react-router";
import { Crashed } from "../components/ErrorBoundary";
import { NotFound } from "../components/NotFound";
import { paths } from "./paths";
import { Shell } from "./Shell";

/** One chunk a page: it is fetched when the page is first opened. */
export const router = createBrowserRouter(
  [
    {
      path: "/",
      element: <Shell />,
      errorElement: <Crashed />,
      hydrateFallbackElement: <></>,
      children: [
        { index: true, element: <Navigate to={paths.getStarted} replace /> },
        { path: "get-started", lazy: () => import("../pages/get-started") },
        { path: "tutorials", lazy: () => import("../pages/tutorials") },
        { path: "tutorials/:tutorial", lazy: () => import("../pages/tutorials/tutorial") },
        { path: "examples", lazy: () => import("../pages/examples") },
        { path: "projects", lazy: () => import("../pages/projects") },
        { path: "create-project", lazy: () => import("../pages/create-project") },
        { path: "projects/:project", lazy: () => import("../pages/project") },
        { path: "projects/:project/policies", lazy: () => import("../pages/policies") },
        { path: "train", lazy: () => import("../pages/train") },
        { path: "projects/:project/models/:version", lazy: () => import("../pages/model") },
        { path: "projects/:project/models/:version/performance", lazy: () => import("../pages/test-results") },
        { path: "projects/:project/models/:version/tags", lazy: () => import("../pages/model/tags") },
        { path: "datasets", lazy: () => import("../pages/prior-datasets") },
        { path: "running-hours", lazy: () => import("../pages/running-hours") },
        { path: "decisions", lazy: () => import("../pages/decisions") },
        { path: "projects/:project/dataset", lazy: () => import("../pages/dataset") },
        { path: "projects/:project/create-dataset", lazy: () => import("../pages/dataset/create") },
        { path: "*", element: <NotFound /> },
      ],
    },
  ],
  { basename: "/console" },
);
