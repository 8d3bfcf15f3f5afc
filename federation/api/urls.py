"""The API's addresses."""

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from federation.api import errors, views
from routing.api.downtimes import Downtimes
from routing.api.hubs import Hubs
from routing.api.weights import WeightHistory

app_name = "api"

router = SimpleRouter()
router.register("hubs", Hubs, basename="hubs")
router.register("weight-changes", WeightHistory, basename="weight-changes")
router.register("downtimes", Downtimes, basename="downtimes")

urlpatterns = [
    path("", views.Root.as_view(), name="root"),
    path("me/", views.Me.as_view(), name="me"),
    path("schema/", views.SchemaDocument.as_view(), name="schema"),
    path("docs/", views.docs, name="docs"),
    *router.urls,
    re_path(r"", errors.not_found, name="not-found"),
]
