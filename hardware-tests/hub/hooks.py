"""Half of the calls of schemathesis name a till that exists."""

import schemathesis

KNOWN = "01900000-0000-7000-8000-000000000001"


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and "id" in path_parameters and len(str(path_parameters["id"])) % 2 == 0:
        path_parameters["id"] = KNOWN
    return path_parameters
