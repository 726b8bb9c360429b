"""CloudFormation for this machine: template in, resources of moto's services out.

api -> engine -> (template, intrinsics, parameters, changes) and localcloud.resources
"""
