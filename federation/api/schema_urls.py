"""Where the schema looks: the API's addresses as they are seen from outside."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("federation.api.urls"))]
